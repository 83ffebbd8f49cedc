/** Errors about contexts and the nodes that host them. */
import { Code, type ConnectError } from "@connectrpc/connect";
import { apiError } from "./error.ts";

export function contextNotFound(context: string): ConnectError {
  return apiError(`Cannot find context "${context}": no context has this name or id`, {
    code: Code.NotFound,
    reason: "CONTEXT_NOT_FOUND",
    metadata: { context },
  });
}

export function objectNotFound(name: string, context: string): ConnectError {
  return apiError(`Cannot find object "${name}": context "${context}" has no object of this name`, {
    code: Code.NotFound,
    reason: "OBJECT_NOT_FOUND",
    metadata: { object: name, context },
  });
}

export function contextExists(name: string): ConnectError {
  return apiError(`Cannot create context "${name}": a context of this name is alive; stop it first`, {
    code: Code.AlreadyExists,
    reason: "CONTEXT_EXISTS",
    metadata: { context: name },
  });
}

export function contextNotRunning(name: string, state: string): ConnectError {
  return apiError(`Cannot use context "${name}": it is ${state}`, {
    code: Code.FailedPrecondition,
    reason: "CONTEXT_NOT_RUNNING",
    metadata: { context: name, state },
  });
}

/** Its node keeps it as it is. */
export function contextNotRestarted(name: string, why: string): ConnectError {
  return apiError(`Cannot restart context "${name}": ${why}`, {
    code: Code.FailedPrecondition,
    reason: "CONTEXT_NOT_RESTARTED",
    metadata: { context: name },
  });
}

export function contextNotStarted(name: string, why: string): ConnectError {
  return apiError(`Cannot start context "${name}": ${why}`, {
    code: Code.Unavailable,
    reason: "CONTEXT_NOT_STARTED",
    metadata: { context: name },
  });
}

export function noNode(why: string): ConnectError {
  return apiError(`Cannot place the context: ${why}`, { code: Code.Unavailable, reason: "NO_NODE" });
}

export function noRoom(why: string): ConnectError {
  return apiError(`Cannot place the context: ${why}`, { code: Code.ResourceExhausted, reason: "NO_ROOM" });
}

export function nodeUnreachable(nodeId: string, context: string): ConnectError {
  return apiError(
    `Cannot reach context "${context}": this gateway has no session with its node "${nodeId}"; try again`,
    {
      code: Code.Unavailable,
      reason: "NODE_UNREACHABLE",
      metadata: { node: nodeId, context },
    },
  );
}

export function nodeSilent(timeoutMs: number): ConnectError {
  return apiError(`Cannot learn what the node holds: it did not answer within ${timeoutMs} ms; try again`, {
    code: Code.Unavailable,
    reason: "NODE_SILENT",
  });
}

export function sessionEnded(address: string, cause: unknown): ConnectError {
  return apiError(`Cannot hear of the node at "${address}": the session with it ended; look again, then try again`, {
    code: Code.Unavailable,
    reason: "SESSION_ENDED",
    metadata: { address },
    cause,
  });
}
