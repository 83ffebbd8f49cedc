import { type JetStreamClient, jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
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

/** Client name and prefix of reply subjects. NATS accounts let no other user subscribe to the prefix: docs/nats.md. */
const CLIENT = { name: "hearth-gateway", inboxPrefix: "_INBOX_gateway" };

/** Time limit for storing the last events at shutdown, in milliseconds. */
const FLUSH_TIMEOUT_MS = 5000;

/** A connection to NATS with the event stream in place. Disposal sends pending messages and closes the connection. */
export interface EventStream extends AsyncDisposable {
  readonly nats: NatsConnection;
  readonly js: JetStreamClient;
  /** One publisher per stream: a stream that refuses messages delays no other. */
  readonly publisher: EventPublisher;
  readonly auditPublisher: EventPublisher;
  readonly callbackPublisher: EventPublisher;
  /** Whether a server responds at the moment, as far as known. */
  isConnected(): boolean;
  /** Keeps the streams and consumers of this gateway in existence. */
  readonly keeper: StreamKeeper;
  readonly log: Logger;
}

/**
 * Connects to NATS, reconnects from then on, and ensures that the event stream exists. Waits for a server that is unavailable. Rejects when
 * the server refuses the connection, and with the signal's reason.
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
  const openPublisher = () => opening.use(new EventPublisher({ nats, gatewayId, keeper, log }, CLIENT));
  const publisher = openPublisher();
  const auditPublisher = openPublisher();
  const callbackPublisher = openPublisher();
  const publishers = [publisher, auditPublisher, callbackPublisher];
  const reported = reportStatus(nats, { keeper, publishers, connection, log });
  await whenJetStreamAvailable(() => keeper.keepStream(EVENT_STREAM_CONFIG), waiting);
  opening.move();
  const stream: EventStream = {
    ...{ nats, keeper, publisher, auditPublisher, callbackPublisher },
    js: jetstream(nats),
    log,
    isConnected: () => connection.isUp && !nats.isClosed(),
    async [Symbol.asyncDispose]() {
      await publisher.flush({ timeoutMs: FLUSH_TIMEOUT_MS });
      for (const each of publishers) each[Symbol.dispose]();
      await keeper[Symbol.asyncDispose]();
      // Without a server, draining would reject.
      const [drained] = await Promise.allSettled([nats.drain()]);
      if (drained.status === "rejected") await nats.close();
      await reported;
    },
  };
  return stream;
}

interface Reported extends Pick<EventStream, "keeper" | "log"> {
  readonly publishers: readonly EventPublisher[];
  readonly connection: { isUp: boolean };
}

async function reportStatus(nats: NatsConnection, { keeper, publishers, connection, log }: Reported): Promise<void> {
  for await (const { type } of nats.status()) {
    if (type === "disconnect") {
      log.warn("NATS connection lost; reconnecting");
      connection.isUp = false;
      keeper.disconnected();
      for (const each of publishers) each.disconnected();
    }
    if (type === "reconnect") {
      log.info("NATS connection is back");
      connection.isUp = true;
      // The server may have lost its disk: events without a stream are only sent again.
      void keeper.reconnected().then(() => {
        for (const each of publishers) each.reconnected();
      });
    }
  }
}
