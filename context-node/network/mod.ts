/**
 * The network of contexts: grants what the creator of a context asks for (`permissions.net`) as far as the configuration of the node
 * (`node.permissions.net`) allows. A decorator between contexts and their runtime.
 */

export { type NetworkBounds, networkWarnings, withNetwork } from "./network_runtime.ts";
export { isPolicyEntry, type NetworkPolicy } from "./policy.ts";
export { reachOf } from "./reach.ts";
export { isResolverBounded, readResolver } from "./resolver.ts";
