import { type ConnectionOptions, connect, type NatsConnection } from "@nats-io/transport-node";
import { explainConnectError, isJetStreamAway } from "../../plugins/nats/mod.ts";
import { type Waiting, whenAvailable } from "../availability.ts";
import { type NatsAccess, natsOptions } from "./access.ts";

/** Timeout of a connection attempt, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

class NatsAway extends Error {}

/**
 * Connects to NATS. Retries while no server is reachable, and reconnects when the connection is lost. Rejects, saying what to do, if a server
 * refuses the credentials or cannot be trusted; and with the signal's reason.
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
        // Credentials may be rotated during an outage; to stop reconnecting would strand every context.
        ignoreAuthErrorAbort: true,
      });
    } catch (cause) {
      const { reason, isAway } = await explainConnectError(cause as Error, access.url);
      const Fault = isAway ? NatsAway : Error;
      throw new Fault(
        `Cannot connect to NATS at ${access.url}: ${reason}. ` +
          "Start a nats-server with --jetstream there, or set nats.url or NATS_URL to one",
        { cause },
      );
    }
  };
  return whenAvailable("NATS", attempt, { ...waiting, isAway: (error) => error instanceof NatsAway });
}

/** `whenAvailable` for attempts that need JetStream. Rejects if JetStream refuses, for example for a permission or a limit. */
export function whenJetStreamAvailable<Value>(attempt: () => Promise<Value>, waiting: Waiting): Promise<Value> {
  return whenAvailable("JetStream", attempt, { ...waiting, isAway: isJetStreamAway });
}
