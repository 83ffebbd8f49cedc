import { once } from "node:events";
import { createConnection } from "node:net";
import { type ConnectionOptions, connect, errors, type NatsConnection } from "@nats-io/transport-node";
import { type Waiting, whenAvailable } from "./availability.ts";
import { type NatsAccess, natsOptions } from "./nats.ts";

/** How long a server may take to let us in, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/** How long a server may take to accept a connection before nobody is there, in milliseconds. */
const PROBE_TIMEOUT_MS = 2000;

const DEFAULT_PORT = 4222;

/** What the client says where no server answers, or its name is not known yet. */
const AWAY = /connection refused|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT/;

class NatsAway extends Error {}

/**
 * Connects to NATS, again and again while no server is there, and whenever the connection was lost. Rejects, with what to do, when a server
 * is there and does not let us in, or cannot be trusted; and with the signal's reason.
 */
export function connectToNats(
  access: NatsAccess,
  options: Pick<ConnectionOptions, "name" | "inboxPrefix">,
  waiting: Waiting,
): Promise<NatsConnection> {
  const attempt = async (): Promise<NatsConnection> => {
    try {
      return await connect({
        ...natsOptions(access),
        ...options,
        timeout: CONNECT_TIMEOUT_MS,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        // Credentials may be rotated while we are away; giving up would strand every context.
        ignoreAuthErrorAbort: true,
      });
    } catch (cause) {
      const { message } = cause as Error;
      const isAway = AWAY.test(message) || (cause instanceof errors.TimeoutError && !(await isAnyThere(access.url)));
      const Fault = isAway ? NatsAway : Error;
      throw new Fault(
        `Cannot connect to NATS at ${access.url}: ${message}. ` +
          "Start a nats-server with --jetstream there, or set nats.url or NATS_URL to one",
        { cause },
      );
    }
  };
  return whenAvailable("NATS", attempt, { ...waiting, isAway: (error) => error instanceof NatsAway });
}

/** Whether a server accepts connections: then it is not absence that made the client wait, but what the server wants of it. */
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
