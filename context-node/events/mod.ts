/** Events of jobs and contexts on their way to gateways, which store and publish them. */
export {
  type ContextHappening,
  Events,
  type JobEventIdentity,
  type JobHappening,
  LOG_BATCH_BYTES,
  type ResultContent,
} from "./events.ts";
export type { JobRoute } from "./unacknowledged.ts";
