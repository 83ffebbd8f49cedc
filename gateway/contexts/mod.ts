/** Contexts: where they go, how they start and stop. Imports the record and the nodes. */
export { type ContextKind, FACTORY, findFactory } from "./factories.ts";
export { withLoad } from "./load.ts";
export { canMove, type LoseContextDeps, loseContext } from "./lose.ts";
export { dropObject, listObjects } from "./objects.ts";
export { createPredefined, type Predefined, startPredefined, stopAllContexts } from "./predefined.ts";
export { PROXY_USER, proxyUserPrefix, proxyUsersOf, withoutProxyUser } from "./proxy_user.ts";
export { replaceContext } from "./replace.ts";
export { restartContext } from "./restart.ts";
export { completeSettings } from "./settings.ts";
export { SETTING_NAMES } from "./shown_settings.ts";
export {
  askStart,
  createContext,
  failContext,
  insertAdHocContext,
  planAdHocContext,
  sendStart,
  takesJobs,
  waitForFittingNode,
} from "./start.ts";
export { stopContext } from "./stop.ts";
