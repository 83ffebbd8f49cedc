import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleJar } from "../../examples/spark/build.ts";
import { JobError_Reason } from "../../proto/node.ts";
import { describeSpark } from "../../test/spark/spark.ts";
import { findProgram } from "../isolation/mod.ts";
import type { Jar, JobRun, Outcome, Sandbox } from "../runtime/mod.ts";
import { contextNamed, MEBIBYTE, observe, sqlJob } from "./testing/mod.ts";
import { jobOf, openJar, PATIENCE_MS, type RealSpark, startRealSpark } from "./testing/real_spark.ts";

describeSpark("a Spark context", (toolchain) => {
  let spark: RealSpark;
  let jar: Jar;
  let sandbox: Sandbox;

  beforeAll(async () => {
    jar = await openJar(await exampleJar(toolchain().compiler, toolchain()));
    spark = await startRealSpark(toolchain());
    sandbox = await spark.runtime.startSandbox(contextNamed("examples", { memoryBytes: 768 * MEBIBYTE }));
  }, PATIENCE_MS);

  afterAll(() => spark?.[Symbol.asyncDispose]());

  const example = (main: string, config: object = {}): JobRun => jobOf(jar, `spark.jobserver.${main}`, config);

  async function run(job: JobRun): Promise<Outcome> {
    return sandbox.run(job, observe()).outcome;
  }

  test("runs a job of a jar", { timeout: PATIENCE_MS }, async () => {
    const seen = observe();
    const job = example("WordCountExample", { input: { string: "a b a" } });
    expect(await sandbox.run(job, seen).outcome).toEqual({ type: "succeeded", json: expect.any(String) });
    expect(seen.calls).toEqual(["validating", "running"]);
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
    await expect.poll(() => seen.calls, { timeout: PATIENCE_MS }).toContain("running");
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
    "hides the files of the node from jobs",
    { timeout: PATIENCE_MS },
    async () => {
      const kept = join(spark.folder, "kept");
      await writeFile(kept, "x");
      const read = (path: string): JobRun => sqlJob({ statement: `select * from text.\`file://${path}\`` });
      expect(await run(read("/etc/hostname"))).toEqual({ type: "streamed" });
      expect(await run(read(kept))).toMatchObject({ type: "failed" });
      const passwords = observe();
      await sandbox.run(read("/etc/shadow"), passwords).outcome;
      expect(passwords.text()).not.toContain("root");
    },
  );
});
