import { isFinalJob, type Job, Job_State, JobError_Reason, type JobSpec } from "../../../proto/mod.ts";
import { type RunOutcome, runJob, submitJob, waitForEnd, waitForStart } from "../../jobs/mod.ts";
import { isStarted } from "../../state/mod.ts";
import type { SparkDeps } from "../deps.ts";
import { exceptionOf, malformedUrl } from "../error.ts";
import { type Answer, exception, failure, json, rawJson } from "../http/answer.ts";
import { readFlag, readTimeoutMs } from "../http/query.ts";
import type { SparkRequest } from "../http/request.ts";
import type { Explanations } from "../http/route.ts";
import { jobError, killed } from "../view/job_error.ts";
import { answerLoadFailure, WRONG_TYPE } from "../view/load_failure.ts";
import { reportStarted } from "../view/report.ts";
import { printSynchronous, readResult, resultText } from "../view/result.ts";
import { readSubmission } from "./submission.ts";
import { answerTimeout, patienceMs, settledIn, TIMED_OUT } from "./timeout.ts";

/** `POST /jobs` */
export async function postJob(deps: SparkDeps, request: SparkRequest): Promise<Answer> {
  const isSync = readFlag(request.query, "sync", { fallback: false });
  const timeoutMs = readTimeoutMs(request.query);
  const spec = await readSubmission(deps, request);
  const wait = { spec, timeoutMs, request };
  return isSync ? runSynchronously(deps, wait) : start(deps, wait);
}

interface Wait {
  readonly spec: JobSpec;
  readonly timeoutMs: number;
  readonly request: SparkRequest;
}

/** Responds once the job runs, waits for a slot, or has failed before that. */
async function start({ core, authorization }: SparkDeps, { spec, timeoutMs, request }: Wait): Promise<Answer> {
  const { signal } = request;
  const { job: submitted } = await submitJob(core, { spec, requestId: "", caller: undefined, signal });
  authorization.addResources({ job: submitted.id });
  if (spec.context === "") await contextStarted(core, submitted, request);
  const waitMs = patienceMs(timeoutMs, request);
  const job = await waitForStart(core, submitted.id, { waitMs, signal });
  if (job === undefined) return answerLate(submitted, { timeoutMs, waitMs });
  if (job.startTime !== undefined || !isFinalJob(job.state)) return json(202, reportStarted(job));
  return job.state === Job_State.SUCCEEDED ? json(202, reportStarted(job)) : answerFailure(job, spec);
}

/** Responds once the job has ended. */
async function runSynchronously(
  { core, authorization }: SparkDeps,
  { spec, timeoutMs, request }: Wait,
): Promise<Answer> {
  const { job, result, waitMs } = await runToEnd(core, { spec, timeoutMs, request });
  authorization.addResources({ job: job.id });
  if (!isFinalJob(job.state)) return answerLate(job, { timeoutMs, waitMs });
  if (job.state !== Job_State.SUCCEEDED) return answerFailure(job, spec);
  const content = job.result?.digest ? await readResult(core, job) : resultText(result);
  return rawJson(200, printSynchronous(job.id, content));
}

interface Ended extends RunOutcome {
  /** Time limit of the wait, in milliseconds. */
  readonly waitMs: number;
}

async function runToEnd(core: SparkDeps["core"], { spec, timeoutMs, request }: Wait): Promise<Ended> {
  const { signal } = request;
  const run = { spec, requestId: "", caller: undefined, signal };
  if (spec.context !== "") {
    const waitMs = patienceMs(timeoutMs, request);
    return { ...(await runJob(core, { ...run, waitMs })), waitMs };
  }
  const { job } = await submitJob(core, run);
  await contextStarted(core, job, request);
  const waitMs = patienceMs(timeoutMs, request);
  const end = await waitForEnd(core, job.id, { waitMs, signal });
  return { job: end?.job ?? (await core.jobs.get(job.id)) ?? job, result: end?.result, waitMs };
}

/**
 * Resolves when the context that is created for a job has started or failed, or the time limit of the request has passed. The caller's
 * `timeout` begins afterwards, because Spark takes seconds to start.
 */
async function contextStarted(
  { contexts }: SparkDeps["core"],
  { contextId }: Job,
  request: Pick<SparkRequest, "answeredByMs">,
): Promise<void> {
  using start = contexts.watch(contextId, isStarted);
  const context = await contexts.find(contextId);
  if (context === undefined || isStarted(context)) return;
  await settledIn(start.met, patienceMs(Number.POSITIVE_INFINITY, request));
}

/** Response when the time limit passed first. */
function answerLate(job: Job, { timeoutMs, waitMs }: { readonly timeoutMs: number; readonly waitMs: number }): Answer {
  const { id: jobId, context } = job;
  return waitMs < timeoutMs ? failure(500, TIMED_OUT, { jobId }) : answerTimeout({ jobId, context, timeoutMs });
}

/** Response to a job that did not succeed. */
function answerFailure(job: Job, { context }: JobSpec): Answer {
  const { id: jobId, error } = job;
  const result = jobError(job) ?? { message: "", errorClass: "Error", stack: "" };
  if (job.state === Job_State.CANCELLED) return failure(500, killed(jobId), { jobId });
  if (job.startTime !== undefined || error === undefined) return json(200, { jobId, status: "ERROR", result });
  const notLoaded = answerLoadFailure(job);
  if (notLoaded !== undefined) return notLoaded;
  switch (error.reason) {
    case JobError_Reason.INVALID_CONFIG:
      return exception(400, "VALIDATION FAILED", result, { jobId });
    case JobError_Reason.CONTEXT_LOST:
      if (context === "") return exception(500, "CONTEXT INIT FAILED", result, { jobId });
      return json(200, { jobId, status: "ERROR", result });
    default:
      return json(200, { jobId, status: "ERROR", result });
  }
}

/** Responses of `POST /jobs` when no job was started, by reason. */
export const POST_JOB_EXPLANATIONS: Explanations = {
  BINARY_NOT_FOUND: ({ metadata }) => failure(404, `appName ${metadata.binary} not found`),
  BINARY_NAME_INVALID: ({ metadata }) => failure(404, `appName ${metadata.binary} not found`),
  CONTEXT_NOT_FOUND: (_, { query }) => failure(404, `context ${query.get("context") ?? ""} not found`),
  CONTEXT_NOT_RUNNING: ({ metadata }, { query }) => {
    const isOver = metadata.state === "STOPPED" || metadata.state === "FAILED";
    if (isOver) return failure(404, `context ${query.get("context") ?? ""} not found`);
    const isBeginning = metadata.state === "STARTING" || metadata.state === "RESTARTING";
    return failure(409, isBeginning ? "Context start in progress" : "Context stop in progress");
  },
  QUEUE_FULL: ({ metadata }, { query }) =>
    json(503, {
      status: "NO SLOTS AVAILABLE",
      result: `Too many running jobs (${metadata.slots}) for job context '${query.get("context") || "ad-hoc"}'`,
    }),
  PROGRAM_URI_INVALID: (error) => exception(400, "JOB LOADING FAILED: Malformed URL", malformedUrl(error)),
  PROGRAM_NOT_LOADED: (error) => exception(400, "JOB LOADING FAILED", exceptionOf(error)),
  BINARY_NOT_BUNDLED: (error) => exception(400, "JOB LOADING FAILED", exceptionOf(error)),
  JAR_NOT_READ: (error) => exception(400, "JOB LOADING FAILED", exceptionOf(error)),
  JAR_UNFIT: (error) => exception(400, "JOB LOADING FAILED", exceptionOf(error)),
  RUNTIME_MISMATCH: ({ message }) => failure(400, WRONG_TYPE, { reason: message }),
  NO_NODE: (error) => exception(500, "CONTEXT INIT FAILED", exceptionOf(error)),
  NO_ROOM: (error) => exception(500, "CONTEXT INIT FAILED", exceptionOf(error)),
};
