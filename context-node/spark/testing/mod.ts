import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ContextSettings, type LogLine, type Progress, SqlQuery } from "../../../proto/node.ts";
import type { JobObserver, JobRun, Runtime, Sandbox, SandboxSpec } from "../../runtime/mod.ts";
import type { Confinement } from "../launch/confinement.ts";
import { completeSpark, type SparkConfig, sparkSection } from "../spark_config.ts";
import { startSparkRuntime } from "../spark_runtime.ts";

export const MEBIBYTE = 1024 * 1024;

/** Control groups without limits. */
export const NO_GROUPS = {
  open: () => ({
    add: async () => true,
    raiseMemory() {},
    outOfMemoryBytes: () => undefined,
    [Symbol.dispose]() {},
  }),
};

export interface TestRuntime extends AsyncDisposable {
  readonly runtime: Runtime;
  /** Folder with all files of the runtime. */
  readonly folder: string;
  /** Warnings that the runtime logged. */
  readonly warnings: string[];
}

/** A Spark runtime whose drivers are `driver_child.ts`. */
export async function startScriptedSpark(
  settings: Partial<SparkConfig> = {},
  { confinement, obstacle }: { confinement?: Confinement; obstacle?: string } = {},
): Promise<TestRuntime> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "hearth-spark-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const java = join(folder, "java");
  const program = resolve(import.meta.dirname, "driver_child.ts");
  // A wrapper: Node does not know the options of Java.
  await writeFile(java, `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  await chmod(java, 0o700);
  await mkdir(join(folder, "jars"));
  const warnings: string[] = [];
  const log = { debug() {}, warn: (_fields: object, message: string) => void warnings.push(message) };
  const parts = {
    spark: { home: folder, version: "4.3.0", major: 4, scalaVersion: "2.13" as const, jars: join(folder, "jars") },
    java: { command: java, version: 17, home: folder },
    driverJar: join(folder, "driver.jar"),
    libraries: [],
  };
  const archive = { options: () => [], make: async () => {} };
  const config = { ...completeSpark(sparkSection.parse({ spares: 0 }), {}), ...settings };
  const runtime = stack.use(
    await startSparkRuntime({
      ...{ config, spark: parts.spark, java: parts.java, bubblewrap: undefined, hidden: [], log },
      groups: NO_GROUPS,
      folder: join(folder, "run"),
      spareMemoryBytes: 1024 * MEBIBYTE,
      prepare: async () => ({ parts, archive, confinement, obstacle }),
    }),
  );
  const owned = stack.move();
  return { runtime, folder, warnings, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Starts a context with the default settings. */
export function startContext({ runtime }: Pick<TestRuntime, "runtime">, name = "counts"): Promise<Sandbox> {
  return runtime.startSandbox(contextNamed(name));
}

export function contextNamed(
  name: string,
  { files = {}, ...settings }: Partial<ContextSettings> & { files?: Readonly<Record<string, string>> } = {},
): SandboxSpec {
  return {
    contextId: `id-${name}`,
    name,
    settings: { ...ContextSettings.create(), memoryBytes: 1024 * MEBIBYTE, ...settings },
    files: {
      list: async () => Object.keys(files),
      open: async (file) => (files[file] === undefined ? undefined : new Blob([files[file]]).stream()),
    },
  };
}

export function jarJob(
  main: string,
  { config = {}, digest = "sha256:1" }: { config?: object; digest?: string } = {},
): JobRun {
  const open = async (): Promise<ReadableStream<Uint8Array>> => new Blob([`bytes of ${digest}`]).stream();
  const artifact = { type: "jars" as const, jars: [{ digest, name: "jobs", open }] };
  return { jobId: `job-${main}`, binaryDigest: digest, artifact, entryPoint: main, config: JSON.stringify(config) };
}

export function sqlJob(query: Pick<SqlQuery, "statement"> & Partial<SqlQuery>): JobRun {
  const complete = { ...SqlQuery.create(), ...query };
  return {
    jobId: "job-sql",
    binaryDigest: "",
    artifact: { type: "sql", query: complete },
    entryPoint: "",
    config: "{}",
  };
}

/** An observer that records its calls. */
export interface Observed extends JobObserver {
  readonly calls: string[];
  readonly lines: LogLine[];
  readonly reports: Progress[];
  text(): string;
}

/** Creates an observer. It refuses parts after the first `mostParts`. */
export function observe({ mostParts = Number.POSITIVE_INFINITY }: { mostParts?: number } = {}): Observed {
  const calls: string[] = [];
  const lines: LogLine[] = [];
  const reports: Progress[] = [];
  const parts: Uint8Array[] = [];
  return {
    ...{ calls, lines, reports },
    validating: () => void calls.push("validating"),
    running: () => void calls.push("running"),
    progress: (progress) => void reports.push(progress),
    logged: (more) => void lines.push(...more),
    resultBegun: (mediaType) => void calls.push(mediaType),
    async resultPart(bytes) {
      if (parts.length >= mostParts) throw new Error("the observer keeps no more parts");
      parts.push(bytes);
    },
    text: () => Buffer.concat(parts).toString(),
  };
}
