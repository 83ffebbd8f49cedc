import { status } from "@grpc/grpc-js";
import type { PluginKind, PluginKinds, PluginLog } from "../../../plugins/contract/mod.ts";
import {
  AuthService,
  BlobService,
  DaoService,
  type HandshakeResponse,
  PluginService,
} from "../../../proto/remote_plugin.ts";
import { PluginError, type PluginStep } from "../plugin_error.ts";
import { createAuth } from "./auth.ts";
import { createBlobStore } from "./blobs.ts";
import { openChannel } from "./channel.ts";
import { type Connection, createConnection } from "./connection.ts";
import { createDao } from "./dao/dao.ts";
import { type Asked, faultOf, shakeHands } from "./handshake.ts";
import { RemoteCallError } from "./remote_call_error.ts";
import { parseReach } from "./remote_target.ts";

export interface RemoteStart {
  /** `grpc://host:port`, `grpcs://host:port` or `unix:/path`. */
  readonly plugin: string;
  readonly config: unknown;
  /** Creates the log once the plugin's name is known. */
  readonly createLog: (name: string) => PluginLog;
  /** Aborts the start. */
  readonly signal: AbortSignal;
}

/** Creates the gateway's client of a plugin, by kind. */
const ADAPTERS: {
  readonly [Kind in PluginKind]: (connection: Connection, answer: HandshakeResponse) => PluginKinds[Kind] | undefined;
} = {
  auth: (connection, { capabilities }) =>
    capabilities.case === "auth" ? createAuth(connection, capabilities.value) : undefined,
  dao: (connection, { name, capabilities }) =>
    capabilities.case === "dao" ? createDao(name, connection, capabilities.value) : undefined,
  blobs: (connection, { name, capabilities }) =>
    capabilities.case === "blobs" ? createBlobStore(name, connection) : undefined,
};

const SERVICES = { auth: AuthService, dao: DaoService, blobs: BlobService } as const;

/** Connects to a plugin and does the handshake. Rejects with a PluginError, after closing the connection. */
export async function startRemotePlugin<Kind extends PluginKind>(
  kind: Kind,
  { plugin, config, createLog, signal }: RemoteStart,
): Promise<PluginKinds[Kind]> {
  const { address, settings, credentials } = await parseReach({ plugin, config });
  using starting = new DisposableStack();
  const services = [PluginService, SERVICES[kind]];
  const channel = starting.use(await openChannel(address.target, { credentials, services }));
  const asked: Asked = { kind, config: settings.config };
  const first = await shakeHands(channel, asked, { deadline: Number.POSITIVE_INFINITY, signal }).catch(refuse);
  const wrong = faultOf(first, asked);
  if (wrong !== undefined) return fail(wrong.step, wrong);

  const deps = { channel, log: createLog(first.name) };
  const connection = createConnection(deps, { asked, first, timeoutMs: settings.timeoutMs });
  const started = ADAPTERS[kind](connection, first);
  if (started === undefined) return fail("check", { fault: "it does not declare the capabilities of its kind" });
  starting.move();
  return started;

  function refuse(cause: Error): never {
    if (!(cause instanceof RemoteCallError)) return fail("start", { fault: cause.message, cause });
    if (cause.isAway) return fail("load", { fault: cause.message, cause });
    if (cause.code !== status.UNIMPLEMENTED) return fail("start", { fault: cause.message, cause });
    return fail("check", { fault: `it is not a plugin: it does not serve ${PluginService.typeName}`, cause });
  }

  function fail(step: PluginStep, details: { fault: string; cause?: unknown }): never {
    throw new PluginError(plugin, step, details);
  }
}
