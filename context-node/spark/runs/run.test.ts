import { expect, test } from "vitest";
import { JobError_Reason, SqlQuery_Format } from "../../../proto/node.ts";
import { contextNamed, jarJob, observe, sqlJob, startContext, startScriptedSpark } from "../testing/mod.ts";

test("a streamed result arrives part by part", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  const seen = observe();
  expect(await sandbox.run(jarJob("stream"), seen).outcome).toEqual({ type: "streamed" });
  expect(seen.calls).toEqual(["running", "application/octet-stream"]);
  expect(seen.text()).toBe("part 0\npart 1\npart 2\n");
});

test("a streamed result fails if the observer refuses a part, even if it is complete by then", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  expect(await sandbox.run(jarJob("stream"), observe({ mostParts: 2 })).outcome).toMatchObject({
    type: "failed",
    error: { reason: JobError_Reason.RESULT_TOO_LARGE, message: "the observer keeps no more parts" },
  });
});

test("a query streams lines, or one JSON array", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  const lines = observe();
  const query = { statement: "select :n", parameters: { n: 1 } };
  expect(await sandbox.run(sqlJob(query), lines).outcome).toEqual({ type: "streamed" });
  const work = { type: "sql", ...query, maxRows: 0, maxBytes: 0 };
  const values = [{ schema: {} }, work, { truncated: false, rows: 1 }];
  expect(
    lines
      .text()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual(values);
  expect(lines.calls).toEqual(["running", "application/x-ndjson"]);

  const array = observe();
  expect(await sandbox.run(sqlJob({ ...query, format: SqlQuery_Format.JSON }), array).outcome).toEqual({
    type: "streamed",
  });
  expect(JSON.parse(array.text())).toEqual(values);
  expect(array.calls).toEqual(["running", "application/json"]);
});

test.each([
  ["fetch", {}, { text: "bytes of sha256:1" }],
  ["fetchOther", {}, { failure: "sha256:other is no jar of a job of this context" }],
  ["data", { name: "words" }, { text: "a b" }],
  ["data", { name: "none" }, { text: "", failure: 'Data file "none" does not exist' }],
  ["data", {}, { text: '["words"]' }],
])("a driver gets only the content that its job may read: %s %j", async (main, config, wanted) => {
  await using spark = await startScriptedSpark();
  const sandbox = await spark.runtime.startSandbox(contextNamed("counts", { files: { words: "a b" } }));
  const outcome = await sandbox.run(jarJob(main, { config }), observe()).outcome;
  expect(JSON.parse((outcome.type === "succeeded" && outcome.json) || "null")).toEqual(wanted);
});

test("named objects are listed and dropped, and remain known after the driver has ended", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  expect(await sandbox.objects()).toMatchObject([
    { name: "cubes", kind: "RDD", memoryBytes: 64, sizeBytes: 64 },
    { name: "squares", kind: "RDD", memoryBytes: 16, partitions: 2, createTime: new Date(1000) },
  ]);
  expect(await sandbox.dropObject("cubes")).toMatchObject({ name: "cubes" });
  expect(await sandbox.dropObject("cubes")).toBeUndefined();
  await sandbox[Symbol.asyncDispose]();
  expect((await sandbox.objects()).map(({ name }) => name)).toEqual(["squares"]);
  expect(await sandbox.dropObject("squares")).toBeUndefined();
});

test("a job logs that Spark has no executors for it, and lines after its end are dropped", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  const seen = observe();
  await sandbox.run(jarJob("starve"), seen).outcome;
  await sandbox.run(jarJob("echo"), observe()).outcome;
  expect(seen.lines.map(({ text }) => text)).toEqual(["TaskSchedulerImpl: Initial job has not accepted any resources"]);
});
