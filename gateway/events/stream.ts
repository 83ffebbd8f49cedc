import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import type { NatsAccess } from "../../cluster/mod.ts";
import { EVENT_STREAM_CONFIG } from "../../proto/mod.ts";
import { connectNats } from "./connect.ts";

type StreamConfiguration = Parameters<JetStreamManager["streams"]["add"]>[0];

/** A connection to NATS with the event stream in place. Disposing it sends what is waiting and closes the connection. */
export interface EventStream extends AsyncDisposable {
  readonly nats: NatsConnection;
  readonly js: JetStreamClient;
  readonly log: Logger;
}

/** Connects to NATS, for ever from then on, and makes sure that the event stream exists. Rejects when NATS is not there in half a minute. */
export async function openEventStream(access: NatsAccess, { log }: { readonly log: Logger }): Promise<EventStream> {
  const nats = await connectNats(access, { log });
  const reported = reportStatus(nats, log);
  await ensureStream(nats, EVENT_STREAM_CONFIG);
  return {
    nats,
    js: jetstream(nats),
    log,
    async [Symbol.asyncDispose]() {
      if (!nats.isClosed()) await nats.drain();
      await reported;
    },
  };
}

/** Makes sure that a stream exists. Rejects when it cannot be had. */
export async function ensureStream(nats: NatsConnection, config: StreamConfiguration): Promise<void> {
  const jsm = await jetstreamManager(nats);
  await jsm.streams.add(config).catch(async (cause) => {
    // Made by somebody else with other limits: theirs stand.
    await jsm.streams.info(config.name).catch(() => {
      throw new Error(`Cannot create the JetStream stream ${config.name}: is JetStream enabled?`, { cause });
    });
  });
}

async function reportStatus(nats: NatsConnection, log: Logger): Promise<void> {
  for await (const { type } of nats.status()) {
    if (type === "disconnect") log.warn("NATS connection lost; reconnecting");
    if (type === "reconnect") log.info("NATS connection is back");
  }
}
