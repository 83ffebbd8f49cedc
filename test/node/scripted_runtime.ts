import type {
  AbortReason,
  Application,
  Artifact,
  Execution,
  FileSource,
  JobObserver,
  JobRun,
  Outcome,
  Runtime,
  Sandbox,
  SandboxEnd,
  SandboxSpec,
} from "../../context-node/runtime/mod.ts";
import { type JobError, JobError_Reason, type LogLine, LogLine_Level, NamedObject } from "../../proto/node.ts";
import { RawResult, type Script, ShownObject, StreamedResult } from "./script.ts";
import { rejection, STANDARD_SCRIPTS } from "./standard_scripts.ts";

const never = new Promise<never>(() => {});

/** A runtime whose jobs are scripts by their entry point, in this process. */
export class ScriptedRuntime implements Runtime {
  readonly #scripts: Readonly<Record<string, Script>>;
  readonly #application: Application | undefined;
  readonly #sandboxes = new Map<string, ScriptedSandbox>();
  /** Set to make the start of sandboxes wait, or fail. */
  beforeStart: () => Promise<void> = async () => {};

  /** A query is the script `sql`. Sandboxes are of the application, if there is one. */
  constructor(
    scripts: Readonly<Record<string, Script>> = {},
    { application }: { readonly application?: Application | undefined } = {},
  ) {
    this.#scripts = { ...STANDARD_SCRIPTS, ...scripts };
    this.#application = application;
  }

  async startSandbox(spec: SandboxSpec, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<Sandbox> {
    const aborted = signal === undefined ? never : rejection(signal);
    await Promise.race([this.beforeStart(), aborted]);
    const sandbox = new ScriptedSandbox(spec, this.#scripts, this.#application);
    this.#sandboxes.set(spec.contextId, sandbox);
    return sandbox;
  }

  /** Ends a sandbox as if its process had died. */
  crash(contextId: string, end: SandboxEnd): void {
    this.#sandboxes.get(contextId)?.end(end);
  }

  /** Count of the jobs that run in the sandbox of a context. */
  running(contextId: string): number {
    return this.#sandboxes.get(contextId)?.load().executors ?? 0;
  }

  /** Postpones a job as if it needed another sandbox. */
  postpone(contextId: string, jobId: string, calledOff: Promise<JobError | undefined>): void {
    this.#sandboxes.get(contextId)?.postpone(jobId, calledOff);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const sandbox of this.#sandboxes.values()) sandbox.end({ type: "disposed" });
  }
}

class ScriptedSandbox implements Sandbox {
  readonly #spec: SandboxSpec;
  readonly #scripts: Readonly<Record<string, Script>>;
  readonly #bundles = new Map<string, Promise<string>>();
  readonly #executions = new Set<ScriptedExecution>();
  readonly #objects = new Map<string, unknown>();
  readonly #closed = Promise.withResolvers<SandboxEnd>();
  readonly closed = this.#closed.promise;
  readonly processId = undefined;

  readonly application: Application | undefined;

  constructor(spec: SandboxSpec, scripts: Readonly<Record<string, Script>>, application: Application | undefined) {
    this.#spec = spec;
    this.#scripts = scripts;
    this.application = application;
  }

  run(job: JobRun, observer: JobObserver): Execution {
    const bundle = this.#bundles.get(job.binaryDigest) ?? textOf(job.artifact);
    if (job.binaryDigest !== "") this.#bundles.set(job.binaryDigest, bundle);
    const script = this.#scripts[job.artifact.type === "sql" ? "sql" : job.entryPoint];
    const execution = new ScriptedExecution({
      job,
      observer,
      bundle,
      script,
      files: this.#spec.files,
      objects: this.#objects,
      executor: this.#freeExecutor(),
    });
    this.#executions.add(execution);
    execution.outcome.then(() => this.#executions.delete(execution));
    return execution;
  }

  load() {
    return { memoryBytes: 1024, executors: this.#executions.size };
  }

  async objects(): Promise<NamedObject[]> {
    return Array.from(this.#objects, ([name, value]) => describeObject(name, value));
  }

  async dropObject(name: string): Promise<NamedObject | undefined> {
    const value = this.#objects.get(name);
    return this.#objects.delete(name) ? describeObject(name, value) : undefined;
  }

  postpone(jobId: string, calledOff: Promise<JobError | undefined>): void {
    for (const execution of this.#executions)
      if (execution.jobId === jobId) execution.settle({ type: "postponed", calledOff });
  }

  end(end: SandboxEnd): void {
    for (const execution of this.#executions) execution.settle({ type: "lost", end });
    // After the outcomes, as the interface says.
    setImmediate(() => this.#closed.resolve(end));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end({ type: "disposed" });
    await this.closed;
  }

  #freeExecutor(): number {
    const taken = new Set(Array.from(this.#executions, ({ executor }) => executor));
    for (let executor = 1; ; executor++) if (!taken.has(executor)) return executor;
  }
}

interface ExecutionParts {
  readonly job: JobRun;
  readonly observer: JobObserver;
  readonly bundle: Promise<string>;
  readonly script: Script | undefined;
  readonly files: FileSource;
  readonly objects: Map<string, unknown>;
  readonly executor: number;
}

class ScriptedExecution implements Execution {
  readonly executor: number;
  readonly jobId: string;
  readonly #abort = new AbortController();
  readonly #settled = Promise.withResolvers<Outcome>();
  readonly outcome = this.#settled.promise;
  #isSettled = false;

  constructor(parts: ExecutionParts) {
    this.executor = parts.executor;
    this.jobId = parts.job.jobId;
    this.#run(parts).then(
      (outcome) => this.settle(outcome),
      (error: unknown) => this.settle({ type: "failed", error: describe(error, JobError_Reason.THROWN) }),
    );
  }

  abort(reason: AbortReason): void {
    this.#abort.abort(reason);
  }

  terminate(): void {
    this.settle({ type: "terminated" });
  }

  settle(outcome: Outcome): void {
    this.#isSettled = true;
    this.#settled.resolve(outcome);
  }

  async #run({ job, observer, bundle, script, files, objects }: ExecutionParts): Promise<Outcome> {
    const text = await bundle.catch((error: unknown) => describe(error, JobError_Reason.LOAD_FAILED));
    if (typeof text !== "string") return { type: "failed", error: text };
    if (script === undefined) {
      return {
        type: "failed",
        error: describe(new Error(`No entry point ${job.entryPoint}`), JobError_Reason.LOAD_FAILED),
      };
    }
    const config: Record<string, unknown> = JSON.parse(job.config);
    const problems = script.validate?.(config) ?? [];
    if (problems.length > 0) return { type: "rejected", problems };
    if (this.#isSettled) return never;
    observer.running(this.executor);
    const result = await script.run({
      jobId: job.jobId,
      config,
      signal: this.#abort.signal,
      files,
      objects,
      bundle: text,
      query: job.artifact.type === "sql" ? job.artifact.query : undefined,
      progress: (fraction, message = "", fields, stages = []) => {
        if (!this.#isSettled) observer.progress({ fraction, message, fields, stages });
      },
      log: (line, level = LogLine_Level.INFO) => {
        if (!this.#isSettled) observer.logged([this.#line(line, level)]);
      },
    });
    if (result instanceof StreamedResult) return stream(result, observer);
    if (result instanceof RawResult) return { type: "succeeded", json: result.text };
    return { type: "succeeded", json: result === undefined ? undefined : JSON.stringify(result) };
  }

  #line(text: string, level: LogLine_Level): LogLine {
    return { number: 0, attempt: 0, time: new Date(), level, text, executor: this.executor };
  }
}

async function textOf(artifact: Artifact): Promise<string> {
  switch (artifact.type) {
    case "module":
      return artifact.code();
    case "jars":
      return (await Promise.all(artifact.jars.map(async (jar) => new Response(await jar.open()).text()))).join("\n");
    case "sql":
      return "";
    default:
      return artifact satisfies never;
  }
}

async function stream({ mediaType, content }: StreamedResult, observer: JobObserver): Promise<Outcome> {
  observer.resultBegun(mediaType);
  for await (const part of content) {
    const [kept] = await Promise.allSettled([observer.resultPart(Buffer.from(part))]);
    if (kept.status === "rejected")
      return { type: "failed", error: describe(kept.reason, JobError_Reason.RESULT_TOO_LARGE) };
  }
  return { type: "streamed" };
}

function describeObject(name: string, value: unknown): NamedObject {
  if (value instanceof ShownObject) return NamedObject.create({ ...value.shown, name });
  return NamedObject.create({ name, sizeBytes: JSON.stringify(value).length, createTime: new Date() });
}

function describe(error: unknown, reason: JobError_Reason): JobError {
  const { name, message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  return { reason, name, message, stack, problems: [] };
}
