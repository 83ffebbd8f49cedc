import {
  type ContextSettings,
  type Refusal,
  Refusal_Reason,
  type RunJob,
  type RuntimeName,
  runtimeNameToJSON,
} from "../../proto/node.ts";

interface SlotLimits extends Pick<ContextSettings, "maxJobsPerContext" | "maxQueuedJobs"> {
  /** Name of the context. */
  readonly context: string;
}

/** The node or the context accepts no more work. */
export function draining(id: string, what: string): Refusal {
  return { id, reason: Refusal_Reason.DRAINING, message: `${what} is ending and takes nothing new` };
}

export function contextNotHeld(id: string, contextId: string): Refusal {
  return { id, reason: Refusal_Reason.NOT_HELD, message: `The node does not hold context "${contextId}"` };
}

export function jobNotHeld(id: string): Refusal {
  return { id, reason: Refusal_Reason.NOT_HELD, message: `The node does not hold job "${id}"` };
}

export function noRoom(id: string, { wantedBytes, freeBytes }: { wantedBytes: number; freeBytes: number }): Refusal {
  const message = `The context wants ${wantedBytes} bytes of memory, and the node has ${freeBytes} left`;
  return { id, reason: Refusal_Reason.NO_ROOM, message };
}

export function noRuntime(id: string, runtime: RuntimeName): Refusal {
  const message = `The node does not run ${runtimeNameToJSON(runtime)} contexts`;
  return { id, reason: Refusal_Reason.NO_RUNTIME, message };
}

export function runtimeKept(id: string, { name }: { readonly name: string }): Refusal {
  const message = `Context "${name}" keeps its runtime; create another context for another one`;
  return { id, reason: Refusal_Reason.REASON_UNSPECIFIED, message };
}

export function queueFull(id: string, message: string): Refusal {
  return { id, reason: Refusal_Reason.QUEUE_FULL, message };
}

/** All slots of a context are taken, and the job may not wait or the queue is full. */
export function slotsTaken(
  { jobId, noQueue }: Pick<RunJob, "jobId" | "noQueue">,
  { context, maxJobsPerContext: slots, maxQueuedJobs }: SlotLimits,
): Refusal {
  const busy = `All ${slots} slots of context "${context}" are taken`;
  return queueFull(jobId, noQueue ? `${busy}, and the job may not wait` : `${busy}, and ${maxQueuedJobs} jobs wait`);
}

export function notRestartable(id: string, name: string): Refusal {
  const message = `Context "${name}" is still starting, or was made for one job`;
  return { id, reason: Refusal_Reason.REASON_UNSPECIFIED, message };
}

/** The context cannot have these settings and is unchanged. */
export function settingsRefused(id: string, message: string): Refusal {
  return { id, reason: Refusal_Reason.REASON_UNSPECIFIED, message };
}

/** The id cannot be part of a subject or a path. Gateways assign no such ids. */
export function malformedId(id: string): Refusal {
  return { id, reason: Refusal_Reason.REASON_UNSPECIFIED, message: `"${id}" is no id` };
}

/** A number in the command is so large that numbers derived from it would not fit into events. */
export function numberTooLarge(id: string, largest: Readonly<Record<string, number>>): Refusal {
  const limits = Object.entries(largest).map(([name, limit]) => `${name} may be ${limit}`);
  return { id, reason: Refusal_Reason.REASON_UNSPECIFIED, message: `A number is too large: ${limits.join(", ")}` };
}
