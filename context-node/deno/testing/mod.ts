/** What the tests of this folder share: programs from source text, and a sandbox whose jobs' doings are kept. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { ContextSettings, LogLine_Level, type Progress } from "../../../proto/node.ts";
import {
  createProcessGroups,
  findDeno,
  type Isolation,
  type IsolationOptions,
  startIsolation,
} from "../../isolation/mod.ts";
import type {
  Execution,
  FileSource,
  JobObserver,
  ModuleArtifact,
  Outcome,
  Runtime,
  Sandbox,
  SandboxSpec,
} from "../../runtime/mod.ts";
import { type DenoRuntimeOptions, startDenoRuntime } from "../mod.ts";
import { bundleModule } from "../process/deno_program.ts";

export interface Program {
  readonly digest: string;
  readonly code: string;
  readonly sourceMap: string;
}

/** What a job runs that runs this program. */
export function moduleOf({ code, sourceMap }: Program): ModuleArtifact {
  return { type: "module", code: async () => code, sourceMap: async () => sourceMap };
}

/** Bundles a TypeScript source as the gateway does: one module, a source map that names `job.ts`, and at its end what it declares. */
export async function bundle(source: string, { manifest }: { manifest?: unknown } = {}): Promise<Program> {
  const { outputFiles } = await build({
    stdin: { contents: source, loader: "ts", sourcefile: "job.ts" },
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    external: ["*"],
    sourcemap: "external",
    outdir: "/bundle",
    tsconfigRaw: {},
  });
  const [map, code] = outputFiles;
  const declared = manifest === undefined ? "" : `//# manifests=${JSON.stringify({ "": manifest })}\n`;
  return {
    digest: `sha256:${randomUUID().replaceAll("-", "")}`,
    code: (code?.text ?? "") + declared,
    sourceMap: map?.text ?? "",
  };
}

/** The source of a job that consists of several files, as one module. `bundle()` warns of the same. */
export const sourceOf = (entry: URL): string => bundleModule(entry, { logLevel: "error" });

/** One that a test waits for: its doings as they come, in order. */
export interface RunningTestJob extends Execution {
  /** Everything that the observer was told, in order: `running 1`, `progress 0.5 half`, `info text`, `result application/json`, `part [1`. */
  readonly reports: string[];
  readonly progress: Progress[];
  /** Of its result. */
  readonly parts: readonly Uint8Array[];
  /** Resolves when it was told that its `validate` takes a while. */
  readonly validating: Promise<void>;
  /** Resolves when something was told that starts with this. */
  until(start: string): Promise<void>;
}

export interface RunOptions {
  readonly entryPoint?: string;
  readonly config?: unknown;
  /** Default: that of the program, at once. */
  readonly sourceMap?: ModuleArtifact["sourceMap"];
  /** Takes the parts of a result. Default: all of them, at once. */
  readonly keepPart?: JobObserver["resultPart"];
}

/** For a job of which nobody wants to know what it does. */
export const NOOP_OBSERVER: JobObserver = {
  validating() {},
  running() {},
  progress() {},
  logged() {},
  resultBegun() {},
  async resultPart() {},
};

export function run(
  sandbox: Sandbox,
  program: Program,
  {
    entryPoint = "job",
    config = {},
    sourceMap = async () => program.sourceMap,
    keepPart = async () => {},
  }: RunOptions = {},
): RunningTestJob {
  const reports: string[] = [];
  const progress: Progress[] = [];
  const parts: Uint8Array[] = [];
  const validating = Promise.withResolvers<void>();
  const waiting: (() => void)[] = [];
  const report = (text: string): void => {
    reports.push(text);
    for (const check of waiting) check();
  };
  const execution = sandbox.run(
    {
      jobId: randomUUID(),
      binaryDigest: program.digest,
      artifact: { type: "module", code: async () => program.code, sourceMap },
      entryPoint,
      config: JSON.stringify(config),
    },
    {
      validating: validating.resolve,
      running: (executor) => report(`running ${executor}`),
      progress(value) {
        progress.push(value);
        report(`progress ${value.fraction} ${value.message}`);
      },
      logged(lines) {
        for (const { level, text } of lines) report(`${LEVEL_NAMES[level]} ${text}`);
      },
      resultBegun: (mediaType) => report(`result ${mediaType}`),
      async resultPart(bytes) {
        parts.push(bytes);
        report(`part ${Buffer.from(bytes.subarray(0, 100)).toString()}`);
        await keepPart(bytes);
      },
    },
  );
  return {
    outcome: execution.outcome,
    abort: execution.abort,
    terminate: execution.terminate,
    validating: validating.promise,
    reports,
    progress,
    parts,
    until: (start) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (reports.some((text) => text.startsWith(start))) resolve();
        };
        waiting.push(check);
        check();
      }),
  };
}

const LEVEL_NAMES: Readonly<Record<number, string>> = {
  [LogLine_Level.DEBUG]: "debug",
  [LogLine_Level.INFO]: "info",
  [LogLine_Level.WARN]: "warn",
  [LogLine_Level.ERROR]: "error",
};

/** Runs the export `job` of a source to its end. */
export async function outcomeOf(sandbox: Sandbox, source: string, options?: RunOptions): Promise<Outcome> {
  return run(sandbox, await bundle(source), options).outcome;
}

/** The value that a job of this source returns; rejects when it does not succeed. */
export async function resultOf(sandbox: Sandbox, source: string, options?: RunOptions): Promise<unknown> {
  const outcome = await outcomeOf(sandbox, source, options);
  if (outcome.type !== "succeeded")
    throw new Error(`The job did not succeed: ${JSON.stringify(outcome, undefined, 2)}`);
  return outcome.json === undefined ? undefined : JSON.parse(outcome.json);
}

export const NO_FILES: FileSource = { list: async () => [], open: async () => undefined };

export const MEBIBYTE = 1024 * 1024;

export function startSandbox(
  runtime: Runtime,
  settings: Partial<ContextSettings> = {},
  spec: Partial<SandboxSpec> = {},
  options: { signal?: AbortSignal } = {},
): Promise<Sandbox> {
  const memoryBytes = settings.memoryBytes ?? 256 * MEBIBYTE;
  const allow = settings.permissions?.net ?? [];
  const all: SandboxSpec = {
    contextId: "0190b5e8-0000-7000-8000-000000000000",
    name: "test-context",
    settings: ContextSettings.fromPartial({
      maxJobsPerContext: 8,
      jobsPerExecutor: 1,
      memoryBytes,
      namedObjectsBytes: memoryBytes / 4,
      ...settings,
    }),
    files: NO_FILES,
    // As they are asked for: what the configuration of a node allows is not of this folder.
    ...(allow.length > 0 && { reach: { allow, deny: [], hasNames: true, isIpv6Resolved: true } }),
    ...spec,
  };
  return runtime.startSandbox(all, options);
}

/** A runtime behind all walls that this machine has. */
export async function startTestRuntime(options: Partial<DenoRuntimeOptions> = {}): Promise<Runtime> {
  await using stack = new AsyncDisposableStack();
  const isolation = options.isolation ?? stack.use(await startTestIsolation());
  const cacheDir = options.cacheDir ?? stack.adopt(await mkdtemp(join(tmpdir(), "hearth-deno-")), removeFolder);
  const runtime = stack.use(
    await startDenoRuntime({ spares: 0, log: { debug() {}, warn() {} }, ...options, isolation, cacheDir }),
  );
  const owned = stack.move();
  return {
    startSandbox: (spec, startOptions) => runtime.startSandbox(spec, startOptions),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export function startTestIsolation(options: Partial<IsolationOptions> = {}): Promise<Isolation> {
  const groups = createProcessGroups({ processFolder: "/proc/self", log: QUIET });
  return startIsolation({ groups, log: QUIET }, { mode: "auto", deno: findDeno(), ...options });
}

const QUIET = { info() {}, warn() {} };

async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
