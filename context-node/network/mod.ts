/**
 * The network of contexts: what the creator of a context asks for (`permissions.net`), as far as the configuration of this node
 * (`node.permissions.net`) allows it. Stands between contexts and their runtime. May import `proto`, `cluster` and the runtime's
 * interface.
 */
export { isPolicyEntry, type NetworkPolicy } from "./policy.ts";
export { ReachRefused, reachOf } from "./reach.ts";
export { refuseNetwork, withNetwork } from "./runtime.ts";
