import { setTimeout as delay } from "node:timers/promises";
import { JetStreamApiCodes, JetStreamApiError, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import { type NatsAccess, natsOptions } from "../cluster/mod.ts";
import { EVENT_STREAM, EVENT_STREAM_CONFIG } from "../proto/node.ts";

/** Prefix of the subjects of replies to a node. NATS accounts let no other user subscribe to it: docs/nats.md. */
export const INBOX_PREFIX = "_INBOX_node";

const RETRY_MS = 500;

export interface NatsOptions {
  readonly access: NatsAccess;
  /** Shown by the server's monitoring. */
  readonly name: string;
  /** How long to wait for a server that is not there yet. */
  readonly timeoutMs: number;
  readonly log: Pick<Logger, "info" | "warn">;
}

/**
 * Connects to NATS and resolves when the event stream is there. Tries again while the server is away, at the start until the
 * timeout, later for ever. Rejects with what to do.
 */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    const attempt = await tryConnect(options);
    if ("nats" in attempt) return attempt.nats;
    if (performance.now() + RETRY_MS > deadline) {
      throw new Error(
        `Cannot reach NATS with JetStream at "${options.access.url}" in ${options.timeoutMs} ms: ${attempt.error.message}. ` +
          "Start a nats-server with --jetstream there, or set nats.url or NATS_URL to one.",
        { cause: attempt.error },
      );
    }
    options.log.warn({ url: options.access.url, reason: attempt.error.message }, "NATS is not there yet, trying again");
    await delay(RETRY_MS);
  }
}

async function tryConnect({ access, name }: NatsOptions): Promise<{ nats: NatsConnection } | { error: Error }> {
  let nats: NatsConnection | undefined;
  try {
    nats = await connect({
      ...natsOptions(access),
      name,
      inboxPrefix: INBOX_PREFIX,
      timeout: 2000,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      // Credentials may be rotated while we are away; giving up would strand every context.
      ignoreAuthErrorAbort: true,
    });
    await ensureStream(nats);
    return { nats };
  } catch (error) {
    await nats?.close();
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** Makes the event stream unless somebody did. Nodes and gateways may do it at the same time. */
async function ensureStream(nats: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(nats);
  try {
    await manager.streams.info(EVENT_STREAM);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== JetStreamApiCodes.StreamNotFound) throw error;
    await manager.streams.add({ ...EVENT_STREAM_CONFIG, subjects: [...EVENT_STREAM_CONFIG.subjects] });
  }
}
