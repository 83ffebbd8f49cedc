/** How a job is reported, its keys in the order that clients have always seen. */
interface Report {
  readonly duration?: string;
  readonly classPath: string;
  readonly context?: string;
  readonly result?: unknown;
  readonly status: string;
  readonly jobId?: string;
}

export function report({ duration = "<secs>", context = "jobs", jobId = "<uuid>", ...rest }: Report): object {
  const { classPath, result, status } = rest;
  return { duration, classPath, startTime: "<time>", context, result, status, jobId, contextId: "<uuid>" };
}

/** The answer to a job that was started and is not waited for. */
export function started(classPath: string, context = "jobs"): object {
  return report({ duration: "Job not done yet", classPath, context, status: "STARTED" });
}

/** The answer to a synchronous job. */
export function returned(result: unknown): object {
  return { jobId: "<uuid>", result };
}

/** Why a job failed. */
export function thrown(errorClass: string, message: string): object {
  return { message, errorClass, stack: "<text>" };
}

/** Keeps the id of a job that was answered. */
export function keepId(name: string): Record<string, RegExp> {
  return { [name]: /"jobId":"([^"]+)"/ };
}
