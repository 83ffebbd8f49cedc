import type { HeldJob, HoldingsAnswer, HoldingsRequest } from "../../proto/node.ts";

interface Holdings {
  readonly contextIds: readonly string[];
  readonly jobs: readonly HeldJob[];
}

/** Returns what a gateway expects the node to hold and it does not. */
export function findMissing(held: Holdings, { requestId, contextIds, jobs }: HoldingsRequest): HoldingsAnswer {
  const heldContexts = new Set(held.contextIds);
  const attempts = new Map<string, number>();
  for (const { jobId, attempt } of held.jobs) attempts.set(jobId, Math.max(attempt, attempts.get(jobId) ?? 0));
  return {
    requestId,
    missingContextIds: contextIds.filter((id) => !heldContexts.has(id)),
    missingJobIds: jobs.filter(({ jobId, attempt }) => (attempts.get(jobId) ?? 0) < attempt).map(({ jobId }) => jobId),
  };
}
