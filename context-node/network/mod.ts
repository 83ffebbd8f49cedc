/**
 * The network of contexts: what the creator of a context asks for (`permissions.net`), as far as the configuration of this node
 * (`node.permissions.net`) allows it. Stands between contexts and their runtime. May import `proto`, `cluster` and the runtime's
 * interface.
 */
export { isPolicyEntry, type NetworkPolicy } from "./policy.ts";
export { reachOf } from "./reach.ts";
export { isResolverBounded, readResolver } from "./resolver.ts";
export { type NetworkBounds, networkWarnings, withNetwork } from "./runtime.ts";
