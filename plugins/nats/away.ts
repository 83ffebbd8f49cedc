import { once } from "node:events";
import { createConnection } from "node:net";
import { JetStreamApiError } from "@nats-io/jetstream";
import { errors } from "@nats-io/transport-node";
import { UNREACHABLE_CODES } from "../../lib/network/mod.ts";

/** Time until a server that is there accepts a connection, in milliseconds. */
const PROBE_TIMEOUT_MS = 2000;

const DEFAULT_PORT = 4222;

/**
 * Messages of the client when no server responds, its name is unknown, or something in front of it (a published port, a load balancer)
 * closes the connection. A refusal has a message of its own.
 */
const AWAY = new RegExp(["connection refused", "socket hang up", ...UNREACHABLE_CODES].join("|"));

/** Message of the client for a connection that was closed before any response. */
const CLOSED = /node provided an undefined error/;

/** Codes of JetStream's errors (https://github.com/nats-io/nats-server/blob/main/server/errors.json) that pass without help. */
const PASSING_CODES: ReadonlySet<number> = new Set([
  // A cluster without a quorum or the peers that a stream needs, or whose leader is being elected.
  10005, 10008, 10009,
  // Memory and storage that the server has not got at the moment.
  10023,
  // JetStream that is off, for the account or the server.
  10039, 10076,
  // A stream that was deleted: it is made again.
  10059,
]);

/** Why a connection could not be opened. */
export interface ConnectFault {
  readonly reason: string;
  /** Whether no server is there: waiting may help. */
  readonly isAway: boolean;
}

/** Explains the error of `connect`. `urls` are the servers, with commas between them. */
export async function explainConnectError(cause: Error, urls: string): Promise<ConnectFault> {
  const { message } = cause;
  if (CLOSED.test(message)) return { reason: "the connection was closed before a server answered", isAway: true };
  if (AWAY.test(message)) return { reason: message, isAway: true };
  // If a server accepts connections, its requirements (such as TLS) made the client wait.
  const isAway = cause instanceof errors.TimeoutError && !(await isAnyThere(urls));
  return { reason: message, isAway };
}

/** Whether JetStream is unavailable at the moment. Refusals, such as of a permission, a limit or a configuration, do not pass. */
export function isJetStreamAway(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return PASSING_CODES.has(error.code);
  return (
    error instanceof errors.TimeoutError ||
    error instanceof errors.NoRespondersError ||
    error instanceof errors.ConnectionError ||
    isPassingRequest(error) ||
    (error instanceof Error && error.name === "JetStreamNotEnabled")
  );
}

/** Whether a request failed for another reason than a permission. */
function isPassingRequest(error: unknown): boolean {
  return error instanceof errors.RequestError && !(error.cause instanceof errors.PermissionViolationError);
}

/** Whether a server accepts connections. */
async function isAnyThere(urls: string): Promise<boolean> {
  const probes = await Promise.allSettled(urls.split(",").map(probe));
  return probes.some(({ status }) => status === "fulfilled");
}

async function probe(server: string): Promise<void> {
  const { hostname, port } = new URL(/^\w+:\/\//.test(server.trim()) ? server.trim() : `nats://${server.trim()}`);
  const socket = createConnection({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) || DEFAULT_PORT });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
  } finally {
    socket.destroy();
  }
}
