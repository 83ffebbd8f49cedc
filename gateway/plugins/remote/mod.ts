/**
 * Remote plugins, in any language, over gRPC by `proto/hearth/plugin/v1`: to the rest of the gateway they look like any other plugin.
 * Imports `plugins/contract` and `proto`.
 */
import type { PluginKind, PluginKinds } from "../../../plugins/contract/mod.ts";
import type { RemoteStart } from "./start.ts";

export { isRemote } from "./address.ts";
export { RemoteCallError } from "./remote_call_error.ts";
export { remoteSettings } from "./remote_settings.ts";
export { parseReach } from "./remote_target.ts";

/** Connects to a plugin and does the handshake; imports the gRPC code on demand. Rejects with a PluginError, after closing the connection. */
export async function startRemotePlugin<Kind extends PluginKind>(
  kind: Kind,
  start: RemoteStart,
): Promise<PluginKinds[Kind]> {
  const remote = await import("./start.ts");
  return remote.startRemotePlugin(kind, start);
}
