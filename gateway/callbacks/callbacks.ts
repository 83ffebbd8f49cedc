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

/** What an operator may set of callbacks. */
export interface CallbackConfig {
  /** Signs them; absent: one that is made at the first start and kept in the data directory. */
  readonly secret?: string | undefined;
  /** IP addresses and ranges that they may go to beside the public internet. */
  readonly allow: readonly string[];
  /** Times that one is tried. */
  readonly attempts: number;
  /** Time before the second try, four times as long before each further one. */
  readonly retryDelayMs: number;
  /** The longest that one try may take. */
  readonly timeoutMs: number;
}

/** The secret that signs callbacks: the configured one, else the one that the data directory keeps. */
export async function openCallbackSecret({ secret }: CallbackConfig, dataDir: string): Promise<string> {
  return secret ?? (await openSecret(dataDir));
}

/** Makes the check of callback URLs at submission. It throws the API error for a URL that no callback could go to. */
export function createCallbackUrlCheck({ allow }: CallbackConfig): (url: string) => void {
  const isAllowed = createAddressRule(allow);
  return (url) => void parseCallbackUrl(url, isAllowed);
}

interface DeliveryDeps {
  readonly dao: Dao;
  readonly log: Logger;
  readonly events: EventStream;
}

/** Takes callbacks off the queue, as one of all gateways, and sends them. Disposing it leaves those under way to the others. */
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

/** Sends the callback of a job. Rejects when the receiver did not answer 2xx. */
async function deliverCallback({ dao }: DeliveryDeps, jobId: string, delivery: Delivery): Promise<void> {
  const job = await dao.jobs.get(jobId);
  // Deleted meanwhile: there is nothing left to tell.
  if (job === undefined) return;
  if (!isFinalJob(job.state)) throw new Error("the job is not final");
  const body = printBody(job, await dao.jobs.result(jobId));
  const url = parseCallbackUrl(job.callbackUrl, delivery.isAllowed);
  const status = await post(url, { ...delivery, body, headers: headersOf(job, body, delivery) });
  if (status < 200 || status > 299) throw new Error(`the receiver answered ${status}`);
}

function headersOf({ id }: Job, body: string, { secret }: Delivery): Record<string, string> {
  const timestamp = Math.floor(Date.now() / 1000);
  return {
    "content-type": "application/json",
    "user-agent": "hearth",
    // The same with every try, so that a receiver can tell a repetition.
    "hearth-delivery": id,
    "hearth-timestamp": String(timestamp),
    "hearth-signature": sign({ secret, timestamp, body }),
  };
}
