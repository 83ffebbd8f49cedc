/** Servers to measure beside Hearth, each in separate processes: alternatives, and a lower bound. */
export { type Rival, startBullmq, startConnectEcho } from "./start.ts";
export { startRestate } from "./start_restate.ts";
