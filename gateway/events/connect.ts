import { setTimeout as delay } from "node:timers/promises";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import { type NatsAccess, natsOptions } from "../../cluster/mod.ts";

/** Prefix of the subjects of replies to a gateway. NATS accounts let no other user subscribe to it: docs/nats.md. */
const INBOX_PREFIX = "_INBOX_gateway";

const CONNECT_TIMEOUT_MS = 10_000;

/** How long to wait at the start for a server that is not there yet, as nodes do. */
const PATIENCE_MS = 30_000;

const RETRY_MS = 500;

/** What is said where nobody listens, or a name is not known yet; a server that refuses us will not change its mind. */
const AWAY = /connection refused|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH/;

/** Connects to NATS, at the start within half a minute, later again and again. Rejects when NATS is not there, or does not know us. */
export async function connectNats(
  access: NatsAccess,
  { log }: { readonly log: Pick<Logger, "warn"> },
): Promise<NatsConnection> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const attempt = await connect({
      ...natsOptions(access),
      name: "hearth-gateway",
      inboxPrefix: INBOX_PREFIX,
      maxReconnectAttempts: -1,
      // Credentials may be rotated while we are away.
      ignoreAuthErrorAbort: true,
      timeout: CONNECT_TIMEOUT_MS,
    }).catch((cause: Error) => ({ cause }));
    if (!("cause" in attempt)) return attempt;
    const { cause } = attempt;
    if (!AWAY.test(cause.message) || performance.now() + RETRY_MS > deadline) {
      throw new Error(
        `Cannot connect to NATS at ${access.url}: ${cause.message}. Start a nats-server with JetStream, or set NATS_URL`,
        { cause },
      );
    }
    log.warn({ url: access.url, reason: cause.message }, "NATS is not there yet, trying again");
    await delay(RETRY_MS);
  }
}
