import type { Logger } from "pino";
import { ContentRefused } from "../../cluster/mod.ts";
import type { BlobStore, Dao } from "../../plugins/contract/mod.ts";
import type { JobEvent } from "../../proto/mod.ts";
import type { NodeSession } from "../nodes/mod.ts";
import { type ContextRegistry, type JobRegistry, JobUnknown, type Report } from "../state/mod.ts";
import { loseJobs } from "./mark_lost.ts";

interface IngestDeps {
  readonly dao: Dao;
  readonly blobs: BlobStore;
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  readonly log: Logger;
}

/**
 * Applies an event that a node reports, and stores its log lines or its result. Idempotent. Resolves when everything is durable. Rejects
 * when the caller should retry.
 */
export async function ingestJobEvent(
  deps: IngestDeps,
  event: JobEvent,
  { session, ...report }: Omit<Report, "nodeId"> & { readonly session: NodeSession },
): Promise<void> {
  const { nodeId } = session;
  if (event.event.case === "logged") {
    // Lines are written before later events, so that they are there when the job ends.
    await Promise.all([storeLines(deps, event, nodeId), deps.jobs.take(event, { nodeId, ...report })]);
    return;
  }
  const digest = event.event.case === "succeeded" ? (event.event.value.result?.digest ?? "") : "";
  if (digest !== "" && !(await bringResult(deps, event, { digest, session }))) return;
  await deps.jobs.take(event, { nodeId, ...report });
}

async function storeLines(
  { dao, jobs }: { readonly dao: Dao; readonly jobs: JobRegistry },
  event: JobEvent,
  nodeId: string,
): Promise<void> {
  if (event.event.case !== "logged") return;
  const isHeld = jobs.isHeldBy(nodeId, event);
  if (isHeld === false || (isHeld !== true && !(await isHeld))) return;
  const { lines } = event.event.value;
  await Promise.all([jobs.saveNew(event.jobId), dao.jobs.appendLogs(event.jobId, lines)]);
}

/**
 * Copies a large result from its node to the blob store, unless it is there. Resolves to false when the node no longer has it; the job is
 * lost then.
 */
async function bringResult(
  deps: IngestDeps,
  event: JobEvent,
  { digest, session }: { readonly digest: string; readonly session: NodeSession },
): Promise<boolean> {
  const { blobs } = deps;
  const { jobId } = event;
  // Renews a blob that exists, before a sweep removes it as unreferenced.
  if (await blobs.renew(digest)) return true;
  try {
    const stored = await blobs.put(session.blobs.request({ $case: "digest", value: digest }));
    if (stored.digest !== digest) throw new Error(`The result of job ${jobId} is incomplete or damaged`);
    return true;
  } catch (error) {
    if (!(error instanceof ContentRefused)) throw error;
    await loseAttempt(deps, event, `its node does not have its result any more: ${error.message}`);
    return false;
  }
}

/** Marks the attempt of an event as lost, unless the job has gone on. */
export async function loseAttempt(deps: IngestDeps, { jobId, attempt, nodeId }: JobEvent, why: string): Promise<void> {
  const job = await deps.jobs.get(jobId);
  if (job === undefined) throw new JobUnknown(`Job ${jobId} is not in the store`);
  const context = await deps.contexts.find(job.contextId);
  if (job.attempt === attempt && context?.nodeId === nodeId) await loseJobs(deps, [job], { why });
}
