/** Contexts: placement, start, restart, stop, and named objects. */
export { type ContextKind, FACTORY, findFactory } from "./factories.ts";
export { withLoad } from "./load.ts";
export { canMove, loseContext } from "./mark_lost.ts";
export { dropObject, listObjects } from "./objects.ts";
export { createPredefined, type Predefined, startPredefined, stopAllContexts } from "./predefined.ts";
export { PROXY_USER, proxyUserPrefix, proxyUsersOf, withoutProxyUser } from "./proxy_user.ts";
export { replaceContext } from "./replace.ts";
export { restartContext } from "./restart.ts";
export { completeSettings } from "./settings.ts";
export { SETTING_NAMES } from "./shown.ts";
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
