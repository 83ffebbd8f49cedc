import { type JobError, JobError_Reason } from "../../../proto/node.ts";
import type { ExecutorEnd, ThrownError } from "../sandbox/messages/protocol.ts";

/** The error of a job whose executor ended while it ran. */
export function executorEnded(
  end: Exclude<ExecutorEnd, { type: "crashed" }>,
  { memoryBytes }: { memoryBytes: number },
): JobError {
  switch (end.type) {
    case "outOfMemory":
      return plainError(
        JobError_Reason.OUT_OF_MEMORY,
        `The job exceeded the memory limit of ${Math.ceil(memoryBytes / (1024 * 1024))} MiB`,
      );
    case "exited":
      return plainError(JobError_Reason.EXITED, "The job ended its executor (Deno.exit, process.exit or close)");
    case "terminated":
      return plainError(
        JobError_Reason.CONTEXT_LOST,
        "The executor was terminated together with another job on the same executor",
      );
    default:
      return end satisfies never;
  }
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
