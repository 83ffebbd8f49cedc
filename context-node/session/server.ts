import { Server, status } from "@grpc/grpc-js";
import { type Membership, parseAddress, printAddress } from "../../cluster/mod.ts";
import { deadline } from "../../lib/async/mod.ts";
import {
  HEARTBEAT_INTERVAL_MS,
  type Load,
  type SessionServiceServer,
  SessionServiceService,
} from "../../proto/node.ts";
import { createAdmission } from "./admission.ts";
import type { OpenSessions } from "./open_sessions.ts";
import { serverCredentials } from "./server_credentials.ts";
import { Session, type SessionDeps } from "./session.ts";

export interface SessionServerDeps extends Pick<SessionDeps, "commands" | "log"> {
  readonly nodeId: string;
  readonly sessions: OpenSessions;
  /** The load, which each session receives every second. */
  readonly load: () => Load;
}

/** Disposal ends the sessions after flushing them. */
export interface SessionServer extends AsyncDisposable {
  /** `host:port` of the listener. */
  readonly address: string;
}

export interface SessionServerOptions {
  /** `host:port`, where port 0 means a free one. */
  readonly listen: string;
  /** Proves that gateways belong to the cluster. */
  readonly membership: Membership;
}

/** Called when a gateway opens a session. */
const STREAMS_PER_CONNECTION = 64;

/** Serves sessions. Rejects when the address or the certificate cannot be used. */
export async function startSessionServer(
  deps: SessionServerDeps,
  { listen, membership }: SessionServerOptions,
): Promise<SessionServer> {
  const { nodeId, sessions, load, commands, log } = deps;
  const admits = createAdmission({ nodeId, log }, membership);
  const server = new Server({
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": STREAMS_PER_CONNECTION,
    // Detects gateways whose machine has vanished.
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 5_000,
  });
  const streams = new Set<Session>();
  const closed = (session: Session): void => {
    streams.delete(session);
    sessions.delete(session);
  };
  const opened = (session: Session): void => sessions.add(session);
  const service: SessionServiceServer = {
    open(stream) {
      if (admits(stream)) streams.add(new Session(stream, { commands, log, opened, closed }));
    },
  };
  server.addService(SessionServiceService, service);
  const port = await bind(server, { listen, membership });

  const beat = setInterval(() => {
    for (const session of streams) {
      if (session.isSilent) session.end(status.DEADLINE_EXCEEDED, "The gateway was silent for too long");
    }
    const value = load();
    for (const session of sessions) session.send({ $case: "load", value });
  }, HEARTBEAT_INTERVAL_MS);

  return {
    address: printAddress({ ...parseAddress(listen), port }),
    async [Symbol.asyncDispose]() {
      clearInterval(beat);
      for (const session of streams) session.close();
      await shutDown(server);
    },
  };
}

function bind(server: Server, { listen, membership }: SessionServerOptions): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(listen, serverCredentials(membership), (error, port) => {
    if (error === null) resolve(port);
    else reject(new Error(`Cannot listen on "${listen}": ${error.message}`, { cause: error }));
  });
  return promise;
}

/** Gives the sessions a moment to flush. A gateway that does not read them must not block the shutdown. */
async function shutDown(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.tryShutdown(() => resolve());
  await deadline(promise, 1000, () => server.forceShutdown());
}
