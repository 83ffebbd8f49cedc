import type {
  AbortReason,
  Execution,
  FileSource,
  JobObserver,
  JobRun,
  Outcome,
  Runtime,
  Sandbox,
  SandboxEnd,
  SandboxSpec,
} from "../context-node/runtime/mod.ts";
import { type JobError, JobError_Reason, type LogLine, LogLine_Level, NamedObject } from "../proto/node.ts";

/** What a script is given. */
export interface ScriptedJob {
  readonly jobId: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  readonly files: FileSource;
  /** Text of the bundle. */
  readonly bundle: string;
  /** The named objects of the sandbox. */
  readonly objects: Map<string, unknown>;
  progress(fraction: number, message?: string, fields?: Record<string, unknown>): void;
  log(text: string, level?: LogLine_Level): void;
}

/** An entry point: what it answers is the result, what it throws the error. */
export interface Script {
  /** Problems of a config; `run` is called when there are none. */
  validate?(config: Readonly<Record<string, unknown>>): string[];
  run(job: ScriptedJob): unknown;
}

/** Returned by a script to stand for what a program that meddles with JSON.stringify would send. */
export class RawResult {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const never = new Promise<never>(() => {});

/** Entry points that every scripted runtime has. */
export const STANDARD_SCRIPTS: Readonly<Record<string, Script>> = {
  /** Answers its config. */
  echo: { run: ({ config }) => config },
  nothing: { run: () => undefined },
  bundle: { run: ({ bundle }) => bundle },
  /** Throws its config's `message`. */
  fail: {
    run({ config }) {
      throw new TypeError(String(config.message));
    },
  },
  /** Refuses a config without `string`. */
  strict: { validate: ({ string }) => (string ? [] : ["No string config param"]), run: ({ config }) => config.string },
  /** Waits until its signal is aborted, then throws the reason. */
  cooperative: { run: ({ signal }) => rejection(signal) },
  /** Waits until its signal is aborted, then returns all the same. */
  polite: { run: ({ signal }) => rejection(signal).catch((reason: Error) => `ended: ${reason.message}`) },
  /** Never ends by itself. */
  stubborn: { run: () => never },
  broken: { run: () => new RawResult("{") },
  /** Keeps its config's `value` under its `name`. */
  keep: { run: ({ config, objects }) => void objects.set(String(config.name), config.value) },
  /** Answers a string of `length` characters. */
  large: { run: ({ config }) => "x".repeat(Number(config.length)) },
  /** Writes `lines` lines of `length` characters. */
  chatty: {
    run({ config, log }) {
      for (let line = 1; line <= Number(config.lines); line++) log(`${line} `.padEnd(Number(config.length), "."));
    },
  },
  /** Reports its progress `steps` times. */
  steps: {
    run({ config, progress }) {
      const steps = Number(config.steps);
      for (let step = 1; step <= steps; step++) progress(step / steps, `step ${step}`, { step });
    },
  },
  /** Answers the texts of all data files. */
  files: {
    async run({ files }) {
      const texts: Record<string, string> = {};
      for (const name of await files.list()) {
        const content = await files.open(name);
        if (content !== undefined) texts[name] = await new Response(content).text();
      }
      return texts;
    },
  },
};

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error(String(signal.reason)))));
}

/** A runtime whose jobs are scripts by their entry point, in this process. */
export class ScriptedRuntime implements Runtime {
  readonly #scripts: Readonly<Record<string, Script>>;
  readonly #sandboxes = new Map<string, ScriptedSandbox>();
  /** Set to make the start of sandboxes wait, or fail. */
  beforeStart: () => Promise<void> = async () => {};

  constructor(scripts: Readonly<Record<string, Script>> = {}) {
    this.#scripts = { ...STANDARD_SCRIPTS, ...scripts };
  }

  async startSandbox(spec: SandboxSpec, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<Sandbox> {
    const aborted = signal === undefined ? never : rejection(signal);
    await Promise.race([this.beforeStart(), aborted]);
    const sandbox = new ScriptedSandbox(spec, this.#scripts);
    this.#sandboxes.set(spec.contextId, sandbox);
    return sandbox;
  }

  /** Ends a sandbox as if its process had died. */
  crash(contextId: string, end: SandboxEnd): void {
    this.#sandboxes.get(contextId)?.end(end);
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

  constructor(spec: SandboxSpec, scripts: Readonly<Record<string, Script>>) {
    this.#spec = spec;
    this.#scripts = scripts;
  }

  run(job: JobRun, observer: JobObserver): Execution {
    let bundle = this.#bundles.get(job.binaryDigest);
    if (bundle === undefined) {
      if (job.artifact.type !== "module") throw new Error("A scripted sandbox runs modules");
      bundle = job.artifact.code();
      this.#bundles.set(job.binaryDigest, bundle);
    }
    const script = this.#scripts[job.entryPoint];
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
  readonly #abort = new AbortController();
  readonly #settled = Promise.withResolvers<Outcome>();
  readonly outcome = this.#settled.promise;
  #isSettled = false;

  constructor(parts: ExecutionParts) {
    this.executor = parts.executor;
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
      progress: (fraction, message = "", fields) => {
        if (!this.#isSettled) observer.progress({ fraction, message, fields, stages: [] });
      },
      log: (line, level = LogLine_Level.INFO) => {
        if (!this.#isSettled) observer.logged([this.#line(line, level)]);
      },
    });
    if (result instanceof RawResult) return { type: "succeeded", json: result.text };
    return { type: "succeeded", json: result === undefined ? undefined : JSON.stringify(result) };
  }

  #line(text: string, level: LogLine_Level): LogLine {
    return { number: 0, attempt: 0, time: new Date(), level, text, executor: this.executor };
  }
}

function describeObject(name: string, value: unknown): NamedObject {
  return NamedObject.create({ name, sizeBytes: JSON.stringify(value).length, createTime: new Date() });
}

function describe(error: unknown, reason: JobError_Reason): JobError {
  const { name, message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  return { reason, name, message, stack, problems: [] };
}
