import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { AckPolicy, DeliverPolicy, JetStreamApiCodes, JetStreamApiError, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { Logger } from "pino";
import { natsOptions } from "../../cluster/mod.ts";
import type { Credentials } from "../credentials.ts";
import { freePort } from "../ports.ts";
import { type Part, type PartSpec, startPart } from "../processes/supervise.ts";
import { findNatsServer } from "./binary.ts";
import { startNatsBinary } from "./nats_server.ts";

/** Account of gateways and nodes in `nats.conf`. */
const ACCOUNT = "HEARTH";

/** Account of clients without a user. Earlier versions of `npm start` kept the streams in it. */
const OPEN_ACCOUNT = "$G";

/** Durable consumer from which the user `subscriber` reads. */
const SUBSCRIBER_CONSUMER = { stream: "HEARTH", name: "subscriber" };

/** Interval between checks whether the consumer exists, in milliseconds. */
const CHECK_INTERVAL_MS = 5000;

interface AuthenticatedNatsDeps {
  readonly log: Pick<Logger, "debug" | "info" | "warn">;
  readonly signal?: AbortSignal | undefined;
}

interface AuthenticatedNatsOptions {
  /** Directory of the JetStream store. */
  readonly storeDir: string;
  readonly credentials: Credentials;
}

/** A NATS server that does not run yet. */
export interface AuthenticatedNats {
  /** Where it will listen. */
  readonly url: string;
  /** Starts it, and restarts it on its port and store when it dies. */
  start(deps: AuthenticatedNatsDeps): Promise<Part<string>>;
}

/** Finds or downloads a NATS server, and finds a free port for it. It will refuse clients without credentials. */
export async function prepareAuthenticatedNats(
  { log, signal }: AuthenticatedNatsDeps,
  { storeDir, credentials }: AuthenticatedNatsOptions,
): Promise<AuthenticatedNats> {
  const binary = await findNatsServer({ log, signal });
  await adoptStreams({ log }, join(storeDir, "jetstream"));
  const port = await freePort();
  const options = { storeDir, port, configFile: credentials.natsConfigFile, log };
  return {
    url: `nats://127.0.0.1:${port}`,
    async start(deps) {
      const start: PartSpec<string>["start"] = ({ signal }) => startNatsBinary(binary, { ...options, signal });
      const nats = await startPart(deps, { name: "nats-server", start });
      log.debug({ process: "nats-server", processId: nats.pid }, "started");
      return nats;
    },
  };
}

/** Moves the streams of an earlier version, which had no users, to the account of gateways and nodes. */
async function adoptStreams({ log }: Pick<AuthenticatedNatsDeps, "log">, store: string): Promise<void> {
  const [accounts] = await Promise.allSettled([readdir(store)]);
  if (accounts.status === "rejected") {
    if (accounts.reason.code === "ENOENT") return;
    throw accounts.reason;
  }
  if (accounts.value.includes(ACCOUNT) || !accounts.value.includes(OPEN_ACCOUNT)) return;
  await rename(join(store, OPEN_ACCOUNT), join(store, ACCOUNT));
  log.info({ store, account: ACCOUNT }, "moved the NATS streams to the account of gateways and nodes");
}

/**
 * Creates the durable consumer of the user `subscriber`, who may not create consumers, and recreates it if it is missing. Never changes an
 * existing one: the operator may have configured it. Disposing it stops the checks.
 */
export async function keepSubscriberConsumer(
  { log }: Pick<AuthenticatedNatsDeps, "log">,
  url: string,
  credentials: Credentials,
): Promise<AsyncDisposable> {
  const access = { url, user: "gateway", passwordFile: credentials.passwordFile("gateway") };
  await using opening = new AsyncDisposableStack();
  const connecting = connect({
    ...natsOptions(access),
    ...{ name: "hearth-start", inboxPrefix: "_INBOX_gateway", maxReconnectAttempts: -1 },
  });
  const nats = opening.adopt(await connecting, (connection) => connection.close());
  const { consumers } = await jetstreamManager(nats, { checkAPI: false });
  const ensure = async (): Promise<void> => {
    const { stream, name } = SUBSCRIBER_CONSUMER;
    const [found] = await Promise.allSettled([consumers.info(stream, name)]);
    if (found.status === "fulfilled") return;
    if (!isMissing(found.reason)) throw found.reason;
    const policies = { ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All };
    await consumers.add(stream, { durable_name: name, ...policies });
  };
  await ensure();
  let checking = Promise.resolve();
  // The stream may be missing or NATS unavailable; the next check retries.
  const check = (): Promise<void> =>
    ensure().catch((error: Error) => log.debug({ reason: error.message }, "subscriber consumer cannot be checked"));
  const timer = setInterval(() => {
    checking = checking.then(check);
  }, CHECK_INTERVAL_MS);
  const opened = opening.move();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await opened.disposeAsync();
      await checking;
    },
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound;
}
