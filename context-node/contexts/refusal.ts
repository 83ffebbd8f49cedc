import { type Refusal, Refusal_Reason } from "../../proto/node.ts";

/** The node, or the context, takes no more work. */
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

export function queueFull(id: string, message: string): Refusal {
  return { id, reason: Refusal_Reason.QUEUE_FULL, message };
}

export function notRestartable(id: string, name: string): Refusal {
  const message = `Context "${name}" is still starting, or was made for one job`;
  return { id, reason: Refusal_Reason.REASON_UNSPECIFIED, message };
}

/** The id cannot be part of a subject or a path; no gateway gives such ones out. */
export function malformedId(id: string): Refusal {
  return { id, reason: Refusal_Reason.REASON_UNSPECIFIED, message: `"${id}" is no id` };
}
