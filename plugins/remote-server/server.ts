import { Server, ServerCredentials } from "@grpc/grpc-js";
import { AuthService, BlobService, DaoService, PluginService } from "../../proto/remote_plugin.ts";
import type { Plugin, PluginKind, PluginLog } from "../contract/mod.ts";
import { createAuthService } from "./auth_service.ts";
import { createBlobService } from "./blob_service.ts";
import { createDaoService } from "./dao_service.ts";
import { createPluginService } from "./handshake_service.ts";
import { type HostedPlugin, hostPlugin } from "./hosted.ts";
import { addService } from "./methods.ts";
import { removeStaleSocket } from "./stale_socket.ts";

export interface ServeOptions {
  /** `host:port`, where port 0 means a free one, or `unix:/path`. */
  readonly listen: string;
  readonly log: PluginLog;
  readonly credentials?: ServerCredentials | undefined;
}

/** Disposing it ends the calls in flight and the plugin. */
export interface PluginServer extends AsyncDisposable {
  /** Address for the configuration of a gateway, without TLS: `grpc://host:port` or `unix:/path`. */
  readonly address: string;
}

/** The most that one message may have: a result that is kept with its job, and a page of log lines. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** Serves what a plugin of each kind does. */
const SERVE: { readonly [Kind in PluginKind]: (server: Server, hosted: HostedPlugin<Kind>) => Promise<void> } = {
  auth: (server, hosted) => addService(server, AuthService, createAuthService(hosted.require)),
  blobs: (server, hosted) => addService(server, BlobService, createBlobService(hosted.require)),
  dao: (server, hosted) => addService(server, DaoService, createDaoService(hosted.require)),
};

/** Serves a plugin, which starts with the first handshake. Rejects when the address cannot be had. */
export async function startPluginServer<Kind extends PluginKind, Config>(
  plugin: Plugin<Kind, Config>,
  { listen, log, credentials = ServerCredentials.createInsecure() }: ServeOptions,
): Promise<PluginServer> {
  await using starting = new AsyncDisposableStack();
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": -1,
    // Finds out about a gateway whose machine vanished in the middle of a stream.
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 5_000,
  });
  const hosted = starting.use(hostPlugin(plugin, log));
  await addService(server, PluginService, createPluginService(hosted));
  await SERVE[plugin.kind](server, hosted);
  starting.defer(() => server.forceShutdown());
  const port = await bind(server, { listen, credentials });
  const running = starting.move();
  return {
    address: listen.startsWith("unix:") ? listen : `grpc://${listen.slice(0, listen.lastIndexOf(":"))}:${port}`,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function bind(server: Server, { listen, credentials }: { listen: string; credentials: ServerCredentials }) {
  if (listen.startsWith("unix:")) await removeStaleSocket(listen.slice("unix:".length).replace(/^\/\/(?=\/)/, ""));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(listen, credentials, (error, port) => {
    if (error === null) resolve(port);
    else reject(new Error(`Cannot listen on "${listen}": ${error.message}`, { cause: error }));
  });
  return promise;
}
