/**
 * Plugins out of process, in any language, over gRPC as `proto/hearth/plugin/v1` describes it: to the rest of the gateway they
 * are plugins like any other. Imports `plugins/contract` and `proto`.
 */
export { isRemote } from "./address.ts";
export { RemoteCallError } from "./call_error.ts";
export { parseReach } from "./reach.ts";
export { remoteSettings } from "./settings.ts";
export { type RemoteStart, startRemotePlugin } from "./start.ts";
