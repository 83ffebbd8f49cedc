import { type JobError, JobError_Reason } from "../../../proto/node.ts";
import type { ThrownError } from "../sandbox/messages/protocol.ts";

/** What became of a job that did not end by itself. */

export function memoryExceeded(memoryBytes: number): JobError {
  return plainError(
    JobError_Reason.OUT_OF_MEMORY,
    `The job went over the memory limit of ${Math.ceil(memoryBytes / (1024 * 1024))} MiB`,
  );
}

export function executorExited(): JobError {
  return plainError(JobError_Reason.EXITED, "The job ended its executor (Deno.exit, process.exit or close)");
}

export function executorTakenAway(): JobError {
  return plainError(
    JobError_Reason.CONTEXT_LOST,
    "Another job on the same executor was terminated, and the executor with it",
  );
}

export function bundleNotFetched(error: Error): JobError {
  return plainError(JobError_Reason.LOAD_FAILED, `Cannot fetch the program: ${error.message}`);
}

export function notAModule(type: string): JobError {
  return plainError(JobError_Reason.LOAD_FAILED, `A Deno context runs TypeScript and JavaScript, but this is ${type}`);
}

export function jobError(reason: JobError_Reason, { name, message, stack }: ThrownError): JobError {
  return { reason, name, message, stack, problems: [] };
}

function plainError(reason: JobError_Reason, message: string): JobError {
  return { reason, name: "Error", message, stack: "", problems: [] };
}
