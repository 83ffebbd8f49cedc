import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { JsonValue } from "@bufbuild/protobuf";
import { expect } from "vitest";
import { apiJar, compiledJar, type Toolchain } from "../../../context-node/spark/toolchain/mod.ts";
import { exampleJar } from "../../../examples/spark/build.ts";
import { type Job, Job_State } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

/** Longest time for what starts JVMs, in milliseconds, on a machine that does much else. */
export const PATIENCE_MS = 300_000;

const PATIENT = { deadlineMs: PATIENCE_MS };

const DRIVER_JOBS = resolve(import.meta.dirname, "../../../context-node/spark/testing/jobs");

/** A context as REST shows it. */
export interface ContextBody {
  readonly id: string;
  readonly state: string;
  readonly nodeId: string;
  readonly error?: string;
  readonly restarts?: number;
  readonly restartReason?: string;
  readonly applicationId?: string;
}

/** Hearth with a Spark, and what tests of its jobs ask of it. */
export interface SparkHearth extends AsyncDisposable {
  readonly hearth: Hearth;
  readonly rest: Rest;
  /** Uploads the jar at a path. */
  uploadJar(name: string, path: string): Promise<void>;
  createContext(name: string, settings?: object): Promise<ContextBody>;
  /** The latest context of that name, or the context with that id. */
  context(name: string): Promise<ContextBody>;
  /** Resolves when the context runs again after so many restarts in all, or more. */
  untilRestarted(name: string, restarts: number): Promise<ContextBody>;
  /** Resolves to the job when it has this state. */
  untilState(id: string, state: Job_State): Promise<Job>;
  /** Resolves when at least one task of the job runs, or has run. */
  untilTasksRun(id: string): Promise<void>;
  /** Runs a job to its end, which has to be a good one, and resolves to what it returned. */
  resultOf(spec: object): Promise<JsonValue | undefined>;
}

/** JVMs that live for a minute: the second compiler of Java costs them more than it gives. */
const SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

/** What makes Spark start fast, of all that a section `spark` of a node may say. */
export const FAST_SECTION = {
  env: { JAVA_TOOL_OPTIONS: SHORT_LIVED },
  conf: { "spark.executor.extraJavaOptions": SHORT_LIVED, "spark.ui.enabled": "false" },
} as const;

/** `section` is the node's section `spark`, beside the Spark that was found. */
export async function startSparkHearth(
  { compiler: { spark, java } }: Toolchain,
  { section = {}, ...options }: Parameters<typeof startHearth>[0] & { section?: object } = {},
): Promise<SparkHearth> {
  const { conf, ...own } = { conf: {}, ...section };
  const sparkSection = {
    ...{ enabled: true, home: spark.home, java: java.home, ...FAST_SECTION, ...own },
    conf: { ...FAST_SECTION.conf, ...conf },
  };
  // Callers wait for JVMs, on machines that do much else.
  const gateway = { spark: { requestTimeoutMs: PATIENCE_MS }, ...options.config?.gateway };
  const config = { ...options.config, gateway, node: { spark: sparkSection } };
  const hearth = await startHearth({ ...options, config });
  const rest = createRest(hearth.url);
  const get = async <Body>(path: string): Promise<Body> => (await rest.call("GET", path)).body as Body;
  const context = (name: string): Promise<ContextBody> => get(`/v1/contexts/${name}`);
  return {
    hearth,
    rest,
    async uploadJar(name, path) {
      await rest.upload(name, await readFile(path));
    },
    async createContext(name, settings = {}) {
      const spec = { name, settings: { runtime: "SPARK", ...settings } };
      const { status, body } = await rest.call("POST", "/v1/contexts", spec);
      expect({ status, body }).toMatchObject({ status: 200, body: { state: "RUNNING" } });
      return body as unknown as ContextBody;
    },
    context,
    async untilRestarted(name, restarts) {
      const isBack = async (): Promise<boolean> => {
        const now = await context(name);
        return now.state === "RUNNING" && (now.restarts ?? 0) >= restarts;
      };
      await until(`context ${name} runs after restart ${restarts}`, isBack, PATIENT);
      return context(name);
    },
    async untilState(id, state) {
      await until(`job ${id} is ${Job_State[state]}`, async () => (await rest.job(id)).state === state, PATIENT);
      return rest.job(id);
    },
    async untilTasksRun(id) {
      const run = async (): Promise<boolean> => {
        const { stages = [] } = await get<{ stages?: { runningTasks?: number; completedTasks?: number }[] }>(
          `/v1/jobs/${id}/stages`,
        );
        return stages.some(({ runningTasks = 0, completedTasks = 0 }) => runningTasks + completedTasks > 0);
      };
      await until(`tasks of job ${id} run`, run, PATIENT);
    },
    async resultOf(spec) {
      const { job, result } = await rest.run(spec);
      expect({ state: Job_State[job.state], error: job.error }).toEqual({ state: "SUCCEEDED", error: undefined });
      return result;
    },
    [Symbol.asyncDispose]: () => hearth[Symbol.asyncDispose](),
  };
}

/** The jar of the jobs in `jobs/`, and of those that tests of the node's end have. */
export function testJobs(toolchain: Toolchain): Promise<string> {
  const own = ["TestJob", "SensorJobs", "BadJobs"].map((name) => resolve(import.meta.dirname, "jobs", `${name}.scala`));
  return compileJobs(toolchain, [...own, resolve(DRIVER_JOBS, "HostileJobs.scala")]);
}

/** Two versions of a jar: the same class says `one` and `two`. */
export function versionedJob(toolchain: Toolchain, version: "one" | "two"): Promise<string> {
  return compileJobs(toolchain, [resolve(DRIVER_JOBS, version, "Versioned.scala")]);
}

export function examples({ compiler, libraries }: Toolchain): Promise<string> {
  return exampleJar(compiler, { libraries });
}

async function compileJobs({ compiler, libraries }: Toolchain, sources: readonly string[]): Promise<string> {
  const classPath = [...libraries, await apiJar(compiler, { libraries })];
  return compiledJar(compiler, { name: "test-jobs", subject: "jobs of tests", sources, classPath });
}
