import { setTimeout as delay } from "node:timers/promises";
import { type JetStreamClient, jetstream } from "@nats-io/jetstream";
import { errors, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import {
  connectToNats,
  type NatsAccess,
  type StreamKeeper,
  startStreamKeeper,
  type Waiting,
  whenJetStreamAvailable,
} from "../../cluster/mod.ts";
import { EVENT_STREAM_CONFIG } from "../../proto/mod.ts";
import { EventPublisher } from "./publisher.ts";

/** The prefix is of the subjects of replies to a gateway. NATS accounts let no other user subscribe to it: docs/nats.md. */
const CLIENT = { name: "hearth-gateway", inboxPrefix: "_INBOX_gateway" };

/** How long the end of the gateway waits until JetStream has the last events, in milliseconds. */
const FLUSH_TIMEOUT_MS = 5000;

/** A connection to NATS with the event stream in place. Disposing it sends what is waiting and closes the connection. */
export interface EventStream extends AsyncDisposable {
  readonly nats: NatsConnection;
  readonly js: JetStreamClient;
  readonly publisher: EventPublisher;
  /** Whether a server answers at the moment, as far as is known. */
  isConnected(): boolean;
  /** Keeps the streams and consumers of this gateway in existence. */
  readonly keeper: StreamKeeper;
  readonly log: Logger;
}

/**
 * Connects to NATS, for ever from then on, and makes sure that the event stream exists. Waits for a server that is away. Rejects when the
 * server does not let us in, and with the signal's reason.
 */
export async function openEventStream(
  access: NatsAccess,
  { gatewayId, ...waiting }: Waiting & { readonly gatewayId: string; readonly log: Logger },
) {
  await using opening = new AsyncDisposableStack();
  const { log } = waiting;
  const nats = opening.adopt(await connectToNats(access, CLIENT, waiting), (connection) => connection.close());
  const keeper = opening.use(startStreamKeeper({ nats, log }));
  const connection = { isUp: true };
  const publisher = opening.use(new EventPublisher({ nats, gatewayId, keeper, log }, CLIENT));
  const reported = reportStatus(nats, { keeper, publisher, connection, log });
  await whenJetStreamAvailable(() => keeper.keepStream(EVENT_STREAM_CONFIG), waiting);
  opening.move();
  const stream: EventStream = {
    ...{ nats, keeper, publisher },
    js: jetstream(nats),
    log,
    isConnected: () => connection.isUp && !nats.isClosed(),
    async [Symbol.asyncDispose]() {
      await publisher.flush({ timeoutMs: FLUSH_TIMEOUT_MS });
      publisher[Symbol.dispose]();
      await keeper[Symbol.asyncDispose]();
      // With the server away there is nobody to send to, and draining rejects.
      const [drained] = await Promise.allSettled([nats.drain()]);
      if (drained.status === "rejected") await nats.close();
      await reported;
    },
  };
  return stream;
}

/** How long JetStream may take to acknowledge a message, all attempts together, in milliseconds. */
const PUBLISH_TIMEOUT_MS = 5000;

/** How long one attempt to publish waits for its acknowledgement, in milliseconds. */
const ATTEMPT_TIMEOUT_MS = 2000;

const RETRY_MS = 100;

interface Publication {
  /** With the id of the message, unless that is given apart. */
  readonly headers?: MsgHdrs;
  readonly msgID?: string;
  /** The longest that the stream may take to say that it has the message; default 5 s. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Publishes a message that has an id. Resolves when the stream has it; a stream that is missing is made first. Rejects when that takes
 * longer than the timeout.
 */
export async function publishAcknowledged(
  { js, keeper }: Pick<EventStream, "js" | "keeper">,
  { subject, payload }: { readonly subject: string; readonly payload: string },
  { timeoutMs = PUBLISH_TIMEOUT_MS, ...options }: Publication,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const timeout = Math.max(1, Math.min(ATTEMPT_TIMEOUT_MS, deadline - performance.now()));
    const [attempt] = await Promise.allSettled([js.publish(subject, payload, { ...options, timeout })]);
    if (attempt.status === "fulfilled") return;
    const isOver = performance.now() + RETRY_MS >= deadline;
    if (isOver || !isUnanswered(attempt.reason)) throw attempt.reason;
    await Promise.race([keeper.check(), delay(RETRY_MS, undefined, { ref: false })]);
    await delay(RETRY_MS);
  }
}

/** Whether nobody answered, such as when the stream is missing. The message's id lets JetStream drop a repetition. */
function isUnanswered(error: unknown): boolean {
  return error instanceof errors.TimeoutError || (error instanceof Error && error.name === "JetStreamNotEnabled");
}

async function reportStatus(
  nats: NatsConnection,
  {
    keeper,
    publisher,
    connection,
    log,
  }: Pick<EventStream, "keeper" | "publisher" | "log"> & { readonly connection: { isUp: boolean } },
): Promise<void> {
  for await (const { type } of nats.status()) {
    if (type === "disconnect") {
      log.warn("NATS connection lost; reconnecting");
      connection.isUp = false;
      keeper.disconnected();
      publisher.disconnected();
    }
    if (type === "reconnect") {
      log.info("NATS connection is back");
      connection.isUp = true;
      // The disk of the server may be empty: an event that finds no stream is only sent again.
      void keeper.reconnected().then(() => publisher.reconnected());
    }
  }
}
