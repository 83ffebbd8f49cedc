import { deadline } from "../../../lib/async/mod.ts";
import { type Answer, exception } from "../http/answer.ts";
import type { SparkRequest } from "../http/request.ts";

/** Message of a request that exceeded the time limit of all requests. */
export const TIMED_OUT = "Request timed out. Try using the /jobs/<jobID>, /jobs APIs to get status/results";

/** Margin for a response with the job's id before the time limit of all requests, in milliseconds. */
const MARGIN_MS = 100;

/** Time limit of a wait for a job: the caller's, or that of all requests. */
export function patienceMs(timeoutMs: number, { answeredByMs }: Pick<SparkRequest, "answeredByMs">): number {
  return Math.min(timeoutMs, Math.max(answeredByMs - MARGIN_MS - performance.now(), 0));
}

interface Timeout {
  readonly jobId: string;
  /** Name of the job's context. */
  readonly context: string;
  readonly timeoutMs: number;
}

/** Response to a caller whose `timeout` passed. Clients recognize its class. It carries the id of the job, which continues to run. */
export function answerTimeout({ jobId, context, timeoutMs }: Timeout): Answer {
  const actor = `Actor[akka://JobServer/user/context-supervisor/${context}]`;
  const message = `Ask timed out on [${actor}] after [${timeoutMs} ms]. Job ${jobId} goes on; ask /jobs/${jobId} for it.`;
  const errorClass = "akka.pattern.AskTimeoutException";
  return exception(500, "ERROR", { message, errorClass, stack: `${errorClass}: ${message}` }, { jobId });
}

/** Resolves to false when the time limit passes first. Rejects if the promise does so before. */
export async function settledIn(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  return deadline(
    promise.then(() => true),
    timeoutMs,
    () => false,
  );
}
