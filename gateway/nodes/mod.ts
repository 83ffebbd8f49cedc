/**
 * The context nodes as a gateway sees them: who announced itself, the session with each, and where a context goes.
 * Everything that is multiplexed on a session stays inside this folder. Imports `proto` and `cluster` only.
 */
export { ContentRefused } from "./blob_streams.ts";
export { type DirectoryObserver, NodeDirectory } from "./directory.ts";
export { fittingNodes, haveSameSpark, labelledNodes, placementOrder, runtimeOf } from "./placement.ts";
export type { ExpectedAnswer, NodeSession } from "./session.ts";
export { waitForNodes, waitForSession } from "./wait.ts";
