import { type Answer, exception } from "../http/answer.ts";
import type { SparkRequest } from "../http/request.ts";

/** What a request is told that took longer than any may. */
export const TIMED_OUT = "Request timed out. Try using the /jobs/<jobID>, /jobs APIs to get status/results";

/** Time to tell what a request is told at the latest, with what is known of its job. */
const MARGIN_MS = 100;

/** How long to wait for a job: as its caller wants, and as long as any request may take. */
export function patienceMs(timeoutMs: number, { answeredByMs }: Pick<SparkRequest, "answeredByMs">): number {
  return Math.min(timeoutMs, Math.max(answeredByMs - MARGIN_MS - performance.now(), 0));
}

interface Timeout {
  readonly jobId: string;
  /** Name of the job's context. */
  readonly context: string;
  readonly timeoutMs: number;
}

/** The answer to a caller whose `timeout` passed; clients know it by its class. The job goes on, and its id is told. */
export function answerTimeout({ jobId, context, timeoutMs }: Timeout): Answer {
  const actor = `Actor[akka://JobServer/user/context-supervisor/${context}]`;
  const message = `Ask timed out on [${actor}] after [${timeoutMs} ms]. Job ${jobId} goes on; ask /jobs/${jobId} for it.`;
  const errorClass = "akka.pattern.AskTimeoutException";
  return exception(500, "ERROR", { message, errorClass, stack: `${errorClass}: ${message}` }, { jobId });
}

/** False when the time is over first; rejects as the promise does until then. */
export async function settledIn(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(late.resolve, timeoutMs, false);
  try {
    return await Promise.race([promise.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
