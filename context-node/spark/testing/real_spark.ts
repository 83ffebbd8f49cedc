import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { ReadableStream as NodeStream } from "node:stream/web";
import { findProgram } from "../../isolation/mod.ts";
import type { Jar, JobRun } from "../../runtime/mod.ts";
import { startSparkRuntime } from "../mod.ts";
import { completeSpark, sparkSection } from "../spark_config.ts";
import type { SparkRuntime } from "../spark_runtime.ts";
import type { Toolchain } from "../toolchain/mod.ts";
import { MEBIBYTE, NO_GROUPS } from "./mod.ts";

/** Time limit for tests that compile Scala and start JVMs on a busy machine, in milliseconds. */
export const PATIENCE_MS = 600_000;

export interface RealSpark extends AsyncDisposable {
  readonly runtime: SparkRuntime;
  /** Temporary folder that is hidden from drivers. */
  readonly folder: string;
}

/** A Spark runtime with real drivers. */
export async function startRealSpark({ compiler }: Toolchain, settings: object = {}): Promise<RealSpark> {
  await using stack = new AsyncDisposableStack();
  const { spark, java } = compiler;
  const folder = await mkdtemp(join(tmpdir(), "hearth-spark-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const env = { JAVA_TOOL_OPTIONS: "-XX:TieredStopAtLevel=1" };
  const section = { master: "local[2]", env, spares: 0, startTimeoutMs: PATIENCE_MS, ...settings };
  const runtime = stack.use(
    await startSparkRuntime({
      config: completeSpark(sparkSection.parse(section), compiler.env),
      ...{ spark, java, bubblewrap: findProgram("bwrap"), hidden: [folder], groups: NO_GROUPS },
      ...{ folder: join(folder, "run"), spareMemoryBytes: 1024 * MEBIBYTE, log: { debug() {}, warn() {} } },
    }),
  );
  const owned = stack.move();
  return { runtime, folder, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

export async function openJar(path: string): Promise<Jar> {
  const digest = `sha256:${createHash("sha256")
    .update(await readFile(path))
    .digest("hex")}`;
  const open = async (): Promise<ReadableStream<Uint8Array>> =>
    Readable.toWeb(createReadStream(path)) as NodeStream<Uint8Array> as ReadableStream<Uint8Array>;
  return { digest, name: "test-jobs", open };
}

export function jobOf(jar: Jar, entryPoint: string, config: object = {}): JobRun {
  const artifact = { type: "jars" as const, jars: [jar] };
  return {
    jobId: crypto.randomUUID(),
    binaryDigest: jar.digest,
    artifact,
    entryPoint,
    config: JSON.stringify(config),
  };
}
