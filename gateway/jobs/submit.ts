import { create, equals } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { DEFAULT_RETRY_DELAY_MS } from "../../cluster/mod.ts";
import type { JsonObject } from "../../lib/hocon/mod.ts";
import { keptText } from "../../lib/transcode/mod.ts";
import type { Dao } from "../../plugins/contract/mod.ts";
import {
  configTooLarge,
  contextNotFound,
  contextNotRunning,
  nestedTooDeep,
  nodeUnreachable,
  requestIdReused,
} from "../../proto/errors.ts";
import {
  type Context,
  Context_State,
  type Job,
  Job_State,
  JobSchema,
  type JobSpec,
  nestsDeeper,
  SqlQuerySchema,
} from "../../proto/mod.ts";
import {
  askStart,
  completeSettings,
  insertAdHocContext,
  planAdHocContext,
  takesJobs,
  waitForFittingNode,
} from "../contexts/mod.ts";
import { newId } from "../ids.ts";
import { toMs } from "../intake/mod.ts";
import { type ExpectedAnswer, type NodeDirectory, type NodeSession, waitForNodes } from "../nodes/mod.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { checkRuntime, checkVersions, runsOn } from "./compatibility.ts";
import { completeConfig } from "./job_config.ts";
import { entryPointAsked, findProgram, type Program, pinnedClassPath, programForNode } from "./program.ts";
import { withdrawRefused } from "./refusal.ts";
import { requestIdOf, requestKey } from "./request_id.ts";

const DEFAULT_GRACE_MS = 1000;

/**
 * A plain object: copying it takes a sixtieth of the time that copying the result of `create` takes, and each change of a job is a copy.
 */
const BLANK_JOB: Job = { ...create(JobSchema) };

/** Largest config, in bytes. It is sent and stored with its job; larger input belongs in a data file. */
const LARGEST_CONFIG_BYTES = 4 * 1024 * 1024;

export interface SubmitDeps {
  readonly dao: Dao;
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  readonly nodes: NodeDirectory;
  readonly jobConfig: JsonObject;
  /** Throws the API error for a URL that no callback could go to. */
  checkCallbackUrl(url: string): void;
}

/** A job that is stored and accepted by a node. */
export interface Submitted {
  readonly job: Job;
  /** True when the job had been submitted under the same request id before, and this call started nothing. */
  readonly isRepeated: boolean;
}

export interface Target {
  readonly context: Context;
  readonly session: NodeSession;
  /** Whether the context is created for the job and must be started first. */
  readonly isNew: boolean;
}

interface Submission {
  readonly spec: JobSpec;
  readonly requestId: string;
  /** Owner of the request id; see `Authorization.caller`. */
  readonly caller: string | undefined;
  readonly signal: AbortSignal;
}

/** Stores a job and sends it to the node of its context. Resolves when the job is durable and the node has accepted it. */
export async function submitJob(deps: SubmitDeps, submission: Submission): Promise<Submitted> {
  const { spec, requestId, caller, signal } = submission;
  const planned = await planJob(deps, spec, { requestId: requestKey(caller, requestId), signal });
  const { job, target, config } = planned;
  const existing = await deps.jobs.insert(job, config, { nodeId: target.session.nodeId });
  if (existing !== undefined) {
    if (target.isNew) target.session.release(target.context.id);
    return { job: await sameRequest(deps, existing, planned), isRepeated: true };
  }
  const placed = await insertTarget(deps, planned);
  // The job is stored first, because of its request id, and follows its context to another name.
  if (placed !== planned) await deps.jobs.claim(placed.job, { nodeId: target.session.nodeId });
  using answer = dispatch(deps, placed, { confirm: true, signal });
  const refusal = await answer.given;
  if (refusal === undefined) return { job: (await deps.jobs.get(job.id)) ?? placed.job, isRepeated: false };
  return withdrawRefused(deps, placed, refusal);
}

/** Stores the context that is created for a job, if any. If that needs another name, the result has it. */
export async function insertTarget<Planned extends Pick<PlannedJob, "job" | "target">>(
  { contexts }: Pick<SubmitDeps, "contexts">,
  planned: Planned,
): Promise<Planned> {
  const { job, target } = planned;
  if (!target.isNew) return planned;
  const context = await insertAdHocContext({ contexts }, target.context, job.entryPoint);
  if (context.name === job.context) return planned;
  return { ...planned, job: { ...job, context: context.name }, target: { ...target, context } };
}

/** A job with everything that is needed to run it. */
export interface PlannedJob {
  readonly job: Job;
  readonly program: Program;
  readonly target: Target;
  /** JSON, UTF-8. */
  readonly config: Uint8Array;
  readonly noQueue: boolean;
}

interface Plan {
  /** The stored form of the request id; see `requestKey`. */
  readonly requestId: string;
  readonly signal: AbortSignal;
}

/**
 * Finds what a submission names and creates the job, without storing anything. Waits a while for a missing node. Rejects when something
 * named does not exist.
 */
export async function planJob(deps: SubmitDeps, spec: JobSpec, { requestId, signal }: Plan): Promise<PlannedJob> {
  if (spec.callbackUrl !== "") deps.checkCallbackUrl(spec.callbackUrl);
  const config = Buffer.from(configText(spec));
  if (config.length > LARGEST_CONFIG_BYTES) throw configTooLarge(config.length, LARGEST_CONFIG_BYTES);
  const program = await findProgram(deps, spec);
  const entryPoint = entryPointAsked(program, spec);
  const target = await findTarget(deps, spec, { program, entryPoint, signal });
  const job: Job = {
    ...BLANK_JOB,
    attempts: [],
    id: newId(),
    state: Job_State.QUEUED,
    context: target.context.name,
    contextId: target.context.id,
    binary: program.binary?.name ?? "",
    binaryVersion: program.binary?.version ?? 0,
    binaryDigest: program.binary?.digest ?? "",
    classPath: pinnedClassPath(program),
    sql: program.sql,
    entryPoint,
    attempt: 1,
    createTime: timestampNow(),
    timeout: spec.timeout,
    gracePeriod: spec.gracePeriod,
    requestId,
    labels: spec.labels,
    priority: spec.priority,
    maxAttempts: spec.maxAttempts || 1,
    retryDelay: spec.retryDelay,
    callbackUrl: spec.callbackUrl,
    callbackFormat: spec.callbackFormat,
    revision: 1,
  };
  return { job, program, target, config, noQueue: spec.noQueue };
}

/** The text as received, if it arrived as text. */
function configText(spec: JobSpec): string {
  const text = keptText(spec, "config");
  if (text !== undefined) return text;
  if (nestsDeeper(spec.config)) throw nestedTooDeep("config");
  return JSON.stringify(spec.config ?? {});
}

interface Dispatch {
  /** Whether the node confirms that it has accepted the job. It reports a refusal in any case. */
  readonly confirm: boolean;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
}

/**
 * Sends a job to its node, after the stored context if that is created for the job. Returns the pending reply, as `NodeSession.ask` does.
 */
export function dispatch(
  deps: Pick<SubmitDeps, "jobConfig">,
  { job, program, config, noQueue, target: { context, session, isNew } }: PlannedJob,
  { confirm, ...options }: Dispatch,
): ExpectedAnswer {
  const toContext = isNew ? askStart(session, context, options) : undefined;
  const command = {
    $case: "runJob" as const,
    value: {
      jobId: job.id,
      attempt: job.attempt,
      firstSeq: job.seq + 1,
      contextId: job.contextId,
      ...programForNode(program, job),
      config: completeConfig(config, deps.jobConfig),
      timeoutMs: toMs(job.timeout) ?? 0,
      gracePeriodMs: toMs(job.gracePeriod) ?? DEFAULT_GRACE_MS,
      noQueue,
      priority: job.priority,
      confirm,
      maxAttempts: job.maxAttempts,
      retryDelayMs: toMs(job.retryDelay) ?? DEFAULT_RETRY_DELAY_MS,
    },
  };
  const toJob = session.ask(command, options);
  if (toContext === undefined) return toJob;
  return {
    given: Promise.race([toJob.given, toContext.given]),
    [Symbol.dispose]() {
      toJob[Symbol.dispose]();
      toContext[Symbol.dispose]();
    },
  };
}

interface TargetWanted {
  readonly program: Program;
  readonly entryPoint: string;
  readonly signal: AbortSignal;
}

async function findTarget(deps: SubmitDeps, spec: JobSpec, { program, ...wanted }: TargetWanted): Promise<Target> {
  const target =
    spec.context === ""
      ? await planTarget(deps, spec, { program, ...wanted })
      : await findRunning(deps, spec, { program, ...wanted });
  try {
    checkVersions(program, target);
  } catch (error) {
    if (target.isNew) target.session.release(target.context.id);
    throw error;
  }
  return target;
}

/** Plans a context for the job alone. */
async function planTarget(
  deps: SubmitDeps,
  { contextSettings }: JobSpec,
  { program, entryPoint, signal }: TargetWanted,
): Promise<Target> {
  checkRuntime(program, { name: "", settings: contextSettings });
  const settings = completeSettings(contextSettings, program.runtime);
  await waitForFittingNode(deps, settings, { signal });
  const accepts = (session: NodeSession) => runsOn(program, session);
  return { ...planAdHocContext(deps, entryPoint, { settings, accepts }), isNew: true };
}

async function findRunning(deps: SubmitDeps, spec: JobSpec, { program, signal }: TargetWanted): Promise<Target> {
  const context = await deps.contexts.find(spec.context);
  if (context === undefined) throw contextNotFound(spec.context);
  if (!takesJobs(context)) throw contextNotRunning(spec.context, Context_State[context.state]);
  checkRuntime(program, context);
  const session = deps.nodes.session(context.nodeId);
  if (session !== undefined) return { context, session, isNew: false };
  return waitForContext(deps, spec.context, { signal });
}

/** Waits for a context whose node is unknown yet, or that is moving to another node. */
async function waitForContext(
  { contexts, nodes }: SubmitDeps,
  nameOrId: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<Target> {
  const find = async (): Promise<Target | undefined> => {
    const context = await contexts.find(nameOrId);
    const session = context && takesJobs(context) ? nodes.session(context.nodeId) : undefined;
    return context && session && { context, session, isNew: false };
  };
  const found = await waitForNodes(nodes, find, { signal });
  if (found !== undefined) return found;
  const context = await contexts.find(nameOrId);
  if (context === undefined) throw contextNotFound(nameOrId);
  if (!takesJobs(context)) throw contextNotRunning(nameOrId, Context_State[context.state]);
  throw nodeUnreachable(context.nodeId, context.name);
}

/** Returns the job that was submitted under the request id before. Throws unless the request is the same (AIP-155). */
async function sameRequest({ dao }: SubmitDeps, existing: Job, { job, target, config }: PlannedJob): Promise<Job> {
  const earlier = await dao.jobs.config(existing.id);
  const isSame =
    existing.binary === job.binary &&
    existing.entryPoint === job.entryPoint &&
    existing.classPath.join() === job.classPath.join() &&
    isSameQuery(existing, job) &&
    (target.isNew || existing.contextId === job.contextId) &&
    earlier !== undefined &&
    (Buffer.compare(earlier, config) === 0 || printed(earlier) === printed(config));
  if (!isSame) throw requestIdReused(requestIdOf(job.requestId), existing.id);
  return existing;
}

/** Normalizes spaces and the notation of numbers. */
function printed(config: Uint8Array): string {
  return JSON.stringify(JSON.parse(Buffer.from(config).toString()));
}

function isSameQuery({ sql: one }: Job, { sql: other }: Job): boolean {
  if (one === undefined || other === undefined) return one === other;
  return equals(SqlQuerySchema, one, other);
}
