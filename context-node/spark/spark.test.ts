import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { ReadableStream as NodeStream } from "node:stream/web";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleJar } from "../../examples/spark/build.ts";
import { JobError_Reason } from "../../proto/node.ts";
import { describeSpark } from "../../test/spark.ts";
import { findProgram } from "../isolation/mod.ts";
import type { JobRun, Outcome, Runtime, Sandbox } from "../runtime/mod.ts";
import { completeSpark, sparkSection } from "../spark_section.ts";
import { startSparkRuntime } from "./mod.ts";
import { contextNamed, MEBIBYTE, NO_GROUPS, observe, sqlJob } from "./testing/mod.ts";

/** Time for what compiles Scala and starts JVMs, in milliseconds, on a machine that does much else. */
const PATIENCE_MS = 600_000;

describeSpark("a Spark context", (toolchain) => {
  let folder: string;
  let jar: string;
  let runtime: Runtime;
  let sandbox: Sandbox;

  beforeAll(async () => {
    const { compiler, libraries } = toolchain();
    const { spark, java } = compiler;
    jar = await exampleJar(compiler, { libraries });
    folder = await mkdtemp(join(tmpdir(), "hearth-spark-"));
    const section = { master: "local[2]", spares: 0, startTimeoutMs: PATIENCE_MS };
    runtime = await startSparkRuntime({
      config: completeSpark(sparkSection.parse(section), compiler.env),
      ...{ spark, java, bubblewrap: findProgram("bwrap"), hidden: [join(folder, "secrets")], groups: NO_GROUPS },
      ...{ folder: join(folder, "run"), spareMemoryBytes: 1024 * MEBIBYTE, log: { debug() {}, warn() {} } },
    });
    sandbox = await runtime.startSandbox(contextNamed("examples", { memoryBytes: 768 * MEBIBYTE }));
  }, PATIENCE_MS);

  afterAll(async () => {
    await runtime?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  function example(main: string, config: object = {}): JobRun {
    const open = async (): Promise<ReadableStream<Uint8Array>> =>
      Readable.toWeb(createReadStream(jar)) as NodeStream<Uint8Array> as ReadableStream<Uint8Array>;
    const artifact = { type: "jars" as const, jars: [{ digest: digest(), name: "examples", open }] };
    const entryPoint = `spark.jobserver.${main}`;
    return { jobId: crypto.randomUUID(), binaryDigest: digest(), artifact, entryPoint, config: JSON.stringify(config) };
  }

  let known: string | undefined;
  function digest(): string {
    known ??= `sha256:${createHash("sha256").update(readFileSync(jar)).digest("hex")}`;
    return known;
  }

  async function run(job: JobRun): Promise<Outcome> {
    return sandbox.run(job, observe()).outcome;
  }

  test("runs a job of a jar", { timeout: PATIENCE_MS }, async () => {
    const seen = observe();
    const job = example("WordCountExample", { input: { string: "a b a" } });
    expect(await sandbox.run(job, seen).outcome).toEqual({ type: "succeeded", json: expect.any(String) });
    expect(seen.told).toEqual(["validating", "running"]);
    expect(seen.reports.at(-1)?.stages.length).toBeGreaterThan(0);
    expect(await run(job)).toMatchObject({ json: expect.stringMatching(/"a":2/) });
  });

  test("rejects a config with the words of spark-jobserver", { timeout: PATIENCE_MS }, async () => {
    expect(await run(example("WordCountExample"))).toEqual({
      type: "rejected",
      problems: ["SparkJobInvalid(No input.string config param)"],
    });
  });

  test("fails a class that is not there", { timeout: PATIENCE_MS }, async () => {
    expect(await run(example("Absent"))).toMatchObject({
      type: "failed",
      error: { reason: JobError_Reason.LOAD_FAILED, message: expect.stringContaining("spark.jobserver.Absent") },
    });
  });

  test("ends a job that is cancelled, and no other", { timeout: PATIENCE_MS }, async () => {
    const seen = observe();
    const execution = sandbox.run(example("SleepJob", { sleep: { time: { millis: PATIENCE_MS } } }), seen);
    await expect.poll(() => seen.told, { timeout: PATIENCE_MS }).toContain("running");
    execution.abort("cancelled");
    expect(await execution.outcome).toMatchObject({ type: "failed" });
    expect(await run(example("NoOpJob"))).toMatchObject({ type: "succeeded" });
  });

  test("lists named objects", { timeout: PATIENCE_MS }, async () => {
    expect(await run(example("CacheRddByNameJob"))).toMatchObject({ json: "55" });
    expect(await sandbox.objects()).toMatchObject([{ name: "numbers", kind: "RDD" }]);
    expect(await sandbox.dropObject("numbers")).toMatchObject({ name: "numbers" });
    expect(await sandbox.objects()).toEqual([]);
  });

  test("streams the rows of a query", { timeout: PATIENCE_MS }, async () => {
    const seen = observe();
    const query = { statement: "select id * :factor as n from range(3)", parameters: { factor: 2 } };
    expect(await sandbox.run(sqlJob(query), seen).outcome).toEqual({ type: "streamed" });
    const [schema, ...rows] = seen
      .text()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(schema).toMatchObject({ schema: { type: "struct" } });
    expect(rows.map(({ n }) => Number(n))).toEqual([0, 2, 4, Number.NaN]);
    expect(rows.at(-1)).toEqual({ truncated: false, rows: 3 });
  });

  test.skipIf(findProgram("bwrap") === undefined)(
    "hides what the node keeps to itself from jobs",
    { timeout: PATIENCE_MS },
    async () => {
      await writeFile(join(folder, "visible"), "x");
      const read = (path: string): JobRun => sqlJob({ statement: `select * from text.\`file://${path}\`` });
      expect(await run(read("/etc/hostname"))).toEqual({ type: "streamed" });
      expect(await run(read(join(folder, "visible")))).toMatchObject({ type: "failed" });
      expect(await run(read("/etc/shadow"))).toMatchObject({ type: "failed" });
    },
  );

  test("is lost when a job ends its JVM", { timeout: PATIENCE_MS }, async () => {
    const statement = "select java_method('java.lang.System', 'exit', 0)";
    const outcome = await run(sqlJob({ statement }));
    expect(outcome).toMatchObject({
      type: "lost",
      end: { type: "crashed", message: expect.stringContaining("System.exit") },
    });
    expect(await sandbox.closed).toMatchObject({ type: "crashed" });
  });
});
