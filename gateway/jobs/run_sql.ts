import { create } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import type { Logger } from "pino";
import type { JsonObject } from "../../lib/hocon/mod.ts";
import type { BlobStore, Dao } from "../../plugins/contract/mod.ts";
import { gatewayDraining, queryAbandoned, queryFailed } from "../../proto/errors.ts";
import { type Job, Job_State, JobError_Reason, JobSpecSchema, type SqlQuery } from "../../proto/mod.ts";
import type { EventStream } from "../events/mod.ts";
import type { NodeDirectory } from "../nodes/mod.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { cancelJob } from "./cancel.ts";
import { withdrawRefused } from "./refusal.ts";
import { openLive, openResult, type Result } from "./result.ts";
import { dispatch, type PlannedJob, planJob } from "./submit.ts";
import { waitForEnd } from "./wait.ts";

interface SqlDeps {
  readonly dao: Dao;
  readonly blobs: BlobStore;
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  readonly nodes: NodeDirectory;
  readonly events: EventStream;
  readonly log: Logger;
  readonly jobConfig: JsonObject;
  readonly closing: AbortSignal;
  /** Throws the API error for a URL that no callback could go to. */
  checkCallbackUrl(url: string): void;
}

/** Time limit for cancelling a query that nobody reads any more, in milliseconds. */
const CANCEL_LIMIT_MS = 10_000;

interface RunSql {
  /** Name or id. */
  readonly context: string;
  readonly sql: SqlQuery | undefined;
  readonly timeout: Duration | undefined;
}

interface Calling {
  readonly signal: AbortSignal;
}

/** Stores a query without running it. Rejects when there is no such context, or it runs no queries. */
export async function submitQuery(deps: SqlDeps, query: RunSql, { signal }: Calling): Promise<RecordedQuery> {
  const planned = await planJob(deps, create(JobSpecSchema, { ...query }), { requestId: "", signal });
  const { job, target, config } = planned;
  await deps.jobs.insert(job, config, { nodeId: target.session.nodeId });
  return new RecordedQuery(deps, planned);
}

/** A query that is stored as a job. Disposal cancels the job, unless its result was read to the end or it has ended. */
export class RecordedQuery implements AsyncDisposable {
  readonly #deps: SqlDeps;
  readonly #planned: PlannedJob;
  #isOver = false;

  constructor(deps: SqlDeps, planned: PlannedJob) {
    this.#deps = deps;
    this.#planned = planned;
  }

  get jobId(): string {
    return this.#planned.job.id;
  }

  /** Runs the query. Resolves when its result begins. Rejects with the reason when it ends without one. */
  async run({ signal }: Calling): Promise<Result> {
    const { closing } = this.#deps;
    try {
      const { mediaType, content } = await this.#open(AbortSignal.any([signal, closing]));
      return { mediaType, content: this.#noteEnd(content) };
    } catch (error) {
      if (closing.aborted) throw gatewayDraining();
      throw signal.aborted ? queryAbandoned(this.jobId, error) : error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return;
    const { log } = this.#deps;
    // The caller has disconnected: the log is the only place for this error.
    await cancelJob(this.#deps, this.jobId, { signal: AbortSignal.timeout(CANCEL_LIMIT_MS) }).catch((error) =>
      log.warn({ err: error, job: this.jobId }, "could not cancel a query whose caller disconnected"),
    );
  }

  async #open(signal: AbortSignal): Promise<Result> {
    const { job } = this.#planned;
    using answer = dispatch(this.#deps, this.#planned, { confirm: true, signal });
    const refusal = await answer.given;
    if (refusal !== undefined) {
      this.#isOver = true;
      return withdrawRefused(this.#deps, this.#planned, refusal);
    }
    const live = await openLive(this.#deps, job, { awaitBegin: true, signal });
    if (live !== undefined) return live;
    const end = await waitForEnd(this.#deps, job.id, { signal });
    this.#isOver = true;
    return openResult(this.#deps, succeeded(end?.job ?? job));
  }

  async *#noteEnd(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield* content;
    this.#isOver = true;
  }
}

/** The job of a successful query. Throws the reason when it has no result. */
function succeeded(job: Job): Job {
  if (job.state === Job_State.SUCCEEDED) return job;
  const { reason, name, message } = job.error ?? {
    ...{ reason: JobError_Reason.REASON_UNSPECIFIED, name: "", message: `it is ${Job_State[job.state]}` },
  };
  throw queryFailed({ jobId: job.id, reason, name, message });
}
