import type { BlobStore, Dao } from "../../plugins/contract/mod.ts";
import { gatewayDraining, jobNotFound, resultBrokenOff, resultLost, resultNotReady } from "../../proto/errors.ts";
import { type Job, Job_State } from "../../proto/mod.ts";
import { type NodeDirectory, waitForSession } from "../nodes/mod.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";

interface ResultDeps {
  readonly dao: Dao;
  readonly blobs: BlobStore;
}
interface LiveDeps {
  readonly dao: Dao;
  readonly blobs: BlobStore;
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  readonly nodes: NodeDirectory;
  readonly closing: AbortSignal;
}

/** The result of a job, which may still be growing. */
export interface Result {
  readonly mediaType: string;
  /** Empty when the job returned undefined. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** Opens the result of a job that has succeeded. */
export async function openResult({ dao, blobs }: ResultDeps, { id, result }: Job): Promise<Result> {
  const mediaType = result?.mediaType || "application/json";
  const digest = result?.digest ?? "";
  if (digest === "")
    return { mediaType, content: ReadableStream.from([(await dao.jobs.result(id)) ?? new Uint8Array()]) };
  const content = await blobs.open(digest);
  if (content === undefined) throw resultLost(id);
  return { mediaType, content };
}

/** As `openResult`. The result of a running job is followed as it grows. */
export async function followResult(
  deps: LiveDeps,
  jobId: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<Result> {
  const job = await findJob(deps, jobId);
  const live = isRunning(job)
    ? await openLive(deps, job, { awaitBegin: false, signal: AbortSignal.any([signal, deps.closing]) })
    : undefined;
  if (live !== undefined) return live;
  // The job may have ended meanwhile.
  const ended = await findJob(deps, jobId);
  if (ended.state !== Job_State.SUCCEEDED) throw resultNotReady(jobId, Job_State[ended.state]);
  return openResult(deps, ended);
}

async function findJob({ jobs }: LiveDeps, jobId: string): Promise<Job> {
  const job = await jobs.get(jobId);
  if (job === undefined) throw jobNotFound(jobId);
  return job;
}

function isRunning({ state }: Job): boolean {
  return state === Job_State.RUNNING || state === Job_State.CANCELLING;
}

interface OpenLive {
  /** Whether to wait until the job begins its result. */
  readonly awaitBegin: boolean;
  /** Also aborted when the gateway closes. */
  readonly signal: AbortSignal;
}

/**
 * Opens the result of a running job. Undefined when it has begun none (with `awaitBegin`: ended without one), or its node cannot be
 * reached.
 */
export async function openLive(
  deps: LiveDeps,
  { id, contextId }: Job,
  { awaitBegin, signal }: OpenLive,
): Promise<Result | undefined> {
  const findNodeId = async () => (await deps.contexts.find(contextId))?.nodeId;
  const session = await waitForSession(deps.nodes, findNodeId, { signal });
  const read = (offset: number) =>
    session?.blobs.collect({ $case: "liveResult", value: { jobId: id, offset, awaitBegin } }, { signal });
  const leave = (): void => {
    if (deps.closing.aborted) throw gatewayDraining();
    signal.throwIfAborted();
  };
  const first = await read(0)?.catch(leave);
  if (first === undefined) return undefined;

  async function* follow(): AsyncGenerator<Uint8Array> {
    let part = first;
    for (let offset = 0; part !== undefined && part.bytes.length > 0; ) {
      offset += part.bytes.length;
      // The node sends the next part while the reader takes this one.
      const next = Promise.allSettled([read(offset)]);
      yield part.bytes;
      const [outcome] = await next;
      if (outcome.status === "rejected") {
        leave();
        throw resultBrokenOff(id, outcome.reason);
      }
      part = outcome.value;
    }
  }
  return { mediaType: first.mediaType, content: follow() };
}
