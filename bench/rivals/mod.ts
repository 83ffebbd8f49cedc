/** What a user would pick instead, and what the floor is: servers to measure beside Hearth, each in processes of its own. */
export { type Rival, startBullmq, startConnectEcho } from "./start.ts";
export { startRestate } from "./start_restate.ts";
