import { type Answer, exception } from "../http/answer.ts";

/** What a request is told that took longer than any may. */
export const TIMED_OUT = "Request timed out. Try using the /jobs/<jobID>, /jobs APIs to get status/results";

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
