import type { Logger } from "pino";
import { createAddressRule, type IsAllowed } from "../../cluster/mod.ts";
import type { Dao } from "../../plugins/contract/mod.ts";
import { isFinalJob, type Job } from "../../proto/mod.ts";
import { type CallbackQueue, type EventStream, startCallbackConsumer } from "../events/mod.ts";
import { printBody } from "./body.ts";
import { post } from "./post.ts";
import { openSecret } from "./secret.ts";
import { sign } from "./signature.ts";
import { parseCallbackUrl } from "./url.ts";

/** The configuration of callbacks. */
export interface CallbackConfig {
  /** Secret for signatures. Default: one that is created at the first start and kept in the data directory. */
  readonly secret?: string | undefined;
  /** IP addresses and ranges that callbacks may reach besides the public internet. */
  readonly allow: readonly string[];
  /** Tries per callback. */
  readonly attempts: number;
  /** Delay before the second try, in milliseconds. It grows fourfold with each further try. */
  readonly retryDelayMs: number;
  /** Time limit of one try, in milliseconds. */
  readonly timeoutMs: number;
}

/** The secret for signatures: the configured one, else the one in the data directory. */
export async function openCallbackSecret({ secret }: CallbackConfig, dataDir: string): Promise<string> {
  return secret ?? (await openSecret(dataDir));
}

/** Creates the check of callback URLs at submission. It throws the API error for a URL that no callback could reach. */
export function createCallbackUrlCheck({ allow }: CallbackConfig): (url: string) => void {
  const isAllowed = createAddressRule(allow);
  return (url) => void parseCallbackUrl(url, isAllowed);
}

interface DeliveryDeps {
  readonly dao: Dao;
  readonly log: Logger;
  readonly events: EventStream;
}

/**
 * Consumes the callback queue, together with all other gateways, and sends callbacks. Disposal leaves callbacks in flight to the others.
 */
export async function startCallbackDelivery(
  deps: DeliveryDeps,
  config: CallbackConfig,
  { secret, queue }: { readonly secret: string; readonly queue: CallbackQueue },
): Promise<AsyncDisposable> {
  const isAllowed = createAddressRule(config.allow);
  const deliver = (jobId: string, { signal }: { readonly signal: AbortSignal }) =>
    deliverCallback(deps, jobId, { secret, isAllowed, timeoutMs: config.timeoutMs, signal });
  return startCallbackConsumer(deps.events, deliver, { ...config, queue, log: deps.log });
}

interface Delivery {
  readonly secret: string;
  readonly isAllowed: IsAllowed;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Sends the callback of a job. Rejects unless the receiver responds with a 2xx status. */
async function deliverCallback({ dao }: DeliveryDeps, jobId: string, delivery: Delivery): Promise<void> {
  const job = await dao.jobs.get(jobId);
  // Deleted meanwhile.
  if (job === undefined) return;
  if (!isFinalJob(job.state)) throw new Error("the job is not final");
  const body = printBody(job, await dao.jobs.result(jobId));
  const url = parseCallbackUrl(job.callbackUrl, delivery.isAllowed);
  const status = await post(url, { ...delivery, body, headers: headersOf(job, body, delivery) });
  if (status < 200 || status > 299) throw new Error(`the receiver responded with status ${status}`);
}

function headersOf({ id }: Job, body: string, { secret }: Delivery): Record<string, string> {
  const timestamp = Math.floor(Date.now() / 1000);
  return {
    "content-type": "application/json",
    "user-agent": "hearth",
    // The same for every try, so that receivers can recognize repetitions.
    "hearth-delivery": id,
    "hearth-timestamp": String(timestamp),
    "hearth-signature": sign({ secret, timestamp, body }),
  };
}
