/**
 * The context nodes as a gateway sees them: discovery, the session with each node, and placement. Everything that is multiplexed on a
 * session stays in this folder.
 */

export type { ExpectedAnswer } from "./commands.ts";
export { type DirectoryObserver, NodeDirectory } from "./directory.ts";
export { fittingNodes, haveSameSpark, labelledNodes, placementOrder, runtimeOf } from "./placement.ts";
export type { NodeSession, SessionObserver } from "./session.ts";
export { waitForNodes, waitForSession } from "./wait.ts";
