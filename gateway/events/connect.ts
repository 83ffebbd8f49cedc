import { connect, type NatsConnection } from "@nats-io/transport-node";
import { isNatsAway, type NatsAccess, natsOptions, type Waiting, whenAvailable } from "../../cluster/mod.ts";

/** Prefix of the subjects of replies to a gateway. NATS accounts let no other user subscribe to it: docs/nats.md. */
const INBOX_PREFIX = "_INBOX_gateway";

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Connects to NATS, again and again while no server is there, and after the connection was lost. Rejects when a server does not let us in,
 * and with the signal's reason.
 */
export function connectNats(access: NatsAccess, waiting: Waiting): Promise<NatsConnection> {
  const attempt = async (): Promise<NatsConnection> => {
    try {
      return await connect({
        ...natsOptions(access),
        name: "hearth-gateway",
        inboxPrefix: INBOX_PREFIX,
        maxReconnectAttempts: -1,
        // Credentials may be rotated while we are away.
        ignoreAuthErrorAbort: true,
        timeout: CONNECT_TIMEOUT_MS,
        reconnectTimeWait: 250,
      });
    } catch (cause) {
      const reason = (cause as Error).message;
      throw new Error(
        `Cannot connect to NATS at ${access.url}: ${reason}. Start a nats-server with JetStream, or set NATS_URL`,
        { cause },
      );
    }
  };
  return whenAvailable("NATS", attempt, { ...waiting, isAway: (error) => isNatsAway((error as Error).cause) });
}
