/**
 * Events of jobs and contexts on their way out: to a session at once, and to JetStream until it has acknowledged them.
 * May import `proto` and the sessions.
 */
export {
  type ContextHappening,
  Events,
  type JobHappening,
  type ResultContent,
} from "./events.ts";
export { EventPublisher } from "./publisher.ts";
