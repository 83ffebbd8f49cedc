import { type ConnectionOptions, connect, type NatsConnection } from "@nats-io/transport-node";
import { explainConnectError, isJetStreamAway } from "../../plugins/nats/mod.ts";
import { type Waiting, whenAvailable } from "../availability.ts";
import { type NatsAccess, natsOptions } from "./access.ts";

/** How long a server may take to let us in, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

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

/** As `whenAvailable`, for what needs JetStream. Rejects with what JetStream refuses, such as for a permission or a limit. */
export function whenJetStreamAvailable<Value>(attempt: () => Promise<Value>, waiting: Waiting): Promise<Value> {
  return whenAvailable("JetStream", attempt, { ...waiting, isAway: isJetStreamAway });
}
