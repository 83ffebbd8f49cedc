import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { JobError_Reason, SqlQuery_Format } from "../../proto/node.ts";
import type { JobRun, Sandbox } from "../runtime/mod.ts";
import { contextNamed, jarJob, observe, sqlJob, startScriptedSpark } from "./testing/mod.ts";

test("a Spark runtime runs jobs in a driver, and leaves nothing of it", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await spark.runtime.startSandbox(contextNamed("counts"));
  expect(sandbox.application).toEqual({ id: "app-1", uiUrl: "http://127.0.0.1:4040" });
  expect(sandbox.processId).toBeGreaterThan(0);
  const seen = observe();
  expect(await sandbox.run(jarJob("echo", { config: { a: 1 } }), seen).outcome).toEqual({
    type: "succeeded",
    json: '{"a":1}',
  });
  expect(seen.told).toEqual(["validating", "running"]);
  expect(seen.lines.map(({ text }) => text)).toEqual(["a line \ufffd"]);
  expect(seen.reports.map(({ fraction }) => fraction)).toEqual([0.5]);
  await sandbox[Symbol.asyncDispose]();
  expect(await sandbox.closed).toEqual({ type: "disposed" });
  expect(await readdir(join(spark.folder, "run"))).toEqual([]);
});

test("a context says that its driver is not confined", async () => {
  await using spark = await startScriptedSpark({}, { obstacle: "there is no bubblewrap" });
  const { warnings } = await startContext(spark);
  expect(warnings).toEqual([
    "The Spark driver is not confined, its jobs can do what the node can: there is no bubblewrap",
  ]);
});

test("a driver gets nothing of the node's environment, and the context's own", async () => {
  await using spark = await startScriptedSpark({ env: { A: "operator" } });
  const sandbox = await spark.runtime.startSandbox(contextNamed("counts", { env: { B: "context" } }));
  const outcome = await sandbox.run(jarJob("environment"), observe()).outcome;
  const { env, cwd, args } = JSON.parse(outcome.type === "succeeded" ? (outcome.json ?? "") : "");
  const { PWD: _pwd, SHLVL: _level, _: _program, OLDPWD: _old, ...own } = env;
  expect(own).toEqual({
    ...{ A: "operator", B: "context", PATH: "/usr/bin:/bin", LANG: "C.UTF-8", HOME: join(cwd, "home") },
    ...{ TMPDIR: join(cwd, "tmp"), SPARK_LOCAL_DIRS: join(cwd, "tmp"), SPARK_LOCAL_IP: "127.0.0.1" },
    ...{ JAVA_HOME: spark.folder, SPARK_HOME: spark.folder, SPARK_SCALA_VERSION: "2.13" },
  });
  expect(args.slice(0, 3)).toEqual(["-Xmx655360k", "-Xss4m", "-XX:+ExitOnOutOfMemoryError"]);
  expect(args).toContain("hearth.driver.Main");
});

test.each([
  ["refused", "the master refused"],
  ["nameless", "java.lang.NoClassDefFoundError: X"],
  ["dies", "The Spark driver ended with code 9"],
  ["silent", "the master local[*] gave no application; check that it runs and that this node reaches it, within 2 s"],
])("startSandbox() says why the context %s has no application", async (name, message) => {
  await using spark = await startScriptedSpark({ startTimeoutMs: 2000 });
  const start = spark.runtime.startSandbox(contextNamed(name));
  await expect(start).rejects.toThrow(`Cannot start Spark context "${name}" on local[*]: ${message}`);
  expect(await readdir(join(spark.folder, "run"))).toEqual([]);
});

test("startSandbox() rejects with the reason of its signal, and ends the driver", async () => {
  await using spark = await startScriptedSpark();
  const leaving = new AbortController();
  const start = spark.runtime.startSandbox(contextNamed("silent"), { signal: leaving.signal });
  await expect.poll(() => existsSync(join(spark.folder, "run"))).toBe(true);
  leaving.abort(new Error("it was stopped"));
  await expect(start).rejects.toThrow("it was stopped");
  await expect.poll(() => readdir(join(spark.folder, "run"))).toEqual([]);
});

test("a context with the default memory and no environment gets a warm driver, once there was another", async () => {
  await using spark = await startScriptedSpark({ spares: 1 });
  const startsWarm = async (settings: Parameters<typeof contextNamed>[1]): Promise<boolean> => {
    await using sandbox = await spark.runtime.startSandbox(contextNamed("counts", settings));
    const outcome = await sandbox.run(jarJob("environment"), observe()).outcome;
    return JSON.parse((outcome.type === "succeeded" && outcome.json) || "{}").isSpare;
  };
  expect(await startsWarm({})).toBe(false);
  await expect.poll(() => startsWarm({}), { timeout: 20_000 }).toBe(true);
  expect(await startsWarm({ env: { A: "1" } })).toBe(false);
});

async function startContext(spark: Awaited<ReturnType<typeof startScriptedSpark>>, name = "counts"): Promise<Sandbox> {
  return spark.runtime.startSandbox(contextNamed(name));
}

test.each<[string, JobRun, object]>([
  ["validate found problems", jarJob("reject"), { type: "rejected", problems: ["no", "never"] }],
  [
    "it was not loaded",
    jarJob("fail"),
    { type: "failed", error: { reason: JobError_Reason.LOAD_FAILED, name: "java.lang.Error", message: "it failed" } },
  ],
  [
    "it is TypeScript",
    { ...jarJob("echo"), artifact: { type: "module", code: async () => "", sourceMap: async () => "" } },
    { type: "failed", error: { reason: JobError_Reason.LOAD_FAILED } },
  ],
  [
    "its command is too large",
    jarJob("echo", { config: { text: "\u0001".repeat(6 * 1024 * 1024) } }),
    { type: "failed", error: { message: expect.stringContaining("Cannot hand the job to Spark") } },
  ],
])("a job ends by itself when %s", async (_why, job, outcome) => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  expect(await sandbox.run(job, observe()).outcome).toMatchObject(outcome);
  expect(await sandbox.run(jarJob("echo"), observe()).outcome).toMatchObject({ type: "succeeded" });
});

test.each([
  ["exit", { type: "crashed", message: "A job ended the JVM of its Spark context (System.exit)" }],
  ["crash", { type: "crashed", message: expect.stringMatching(/ended with code 7.*something broke/s) }],
  [
    "heap",
    {
      type: "outOfMemory",
      message:
        "The Spark driver ran out of memory (Java heap space) with a heap of 640 MiB: create the context with more memory (memoryBytes, launcher.spark.driver.memory)",
    },
  ],
  ["lost", { type: "crashed", message: "The Spark application ended: the master removed it" }],
  ["hang", { type: "crashed", message: "The Spark application ended: a job stopped it" }],
  ["forge", { type: "violated", message: expect.stringContaining("a message of run 999") }],
  ["lateConflict", { type: "violated", message: expect.stringContaining('"conflict" of run 2, which it cannot') }],
  ["early", { type: "violated", message: expect.stringContaining('"succeeded" of run 2, which it cannot report now') }],
  ["overrun", { type: "violated", message: expect.stringContaining("a part of run 2, which it cannot send now") }],
])("a driver in which a job does %s is gone with its jobs", async (main, end) => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  const other = sandbox.run(jarJob("stubborn"), observe());
  const job = sandbox.run(jarJob(main), { ...observe(), resultPart: () => new Promise(() => {}) });
  expect(await sandbox.closed).toEqual(end);
  expect(await job.outcome).toEqual({ type: "lost", end });
  expect(await other.outcome).toEqual({ type: "lost", end });
  expect(await sandbox.run(jarJob("echo"), observe()).outcome).toMatchObject({ type: "lost" });
});

test("a job that is aborted ends by itself", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  const execution = sandbox.run(jarJob("obedient"), observe());
  execution.abort("cancelled");
  execution.terminate();
  expect(await execution.outcome).toMatchObject({ type: "failed" });
  expect(await sandbox.run(jarJob("echo"), observe()).outcome).toMatchObject({ type: "succeeded" });
});

test("terminate() kills the driver when the job ignores its abort", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  const other = sandbox.run(jarJob("stubborn"), observe());
  const execution = sandbox.run(jarJob("stubborn"), observe());
  execution.abort("deadline");
  execution.terminate();
  expect(await execution.outcome).toEqual({ type: "terminated" });
  const end = {
    type: "crashed",
    message: "Job job-stubborn ignored its cancellation for 2 s and the Spark driver was killed",
  };
  expect(await other.outcome).toEqual({ type: "lost", end });
  expect(await sandbox.closed).toEqual(end);
});

test("a new version of a jar waits for the jobs that run, and then for another driver", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  await sandbox.run(jarJob("conflict", { digest: "sha256:1" }), observe()).outcome;
  const running = sandbox.run(jarJob("obedient"), observe());
  const newer = sandbox.run(jarJob("conflict", { digest: "sha256:2" }), observe());
  expect(await newer.outcome).toMatchObject({ type: "postponed" });
  // Its secrets were read meanwhile.
  expect(await sandbox.run(jarJob("echo"), observe()).outcome).toMatchObject({ type: "postponed" });
  running.abort("cancelled");
  expect(await running.outcome).toMatchObject({ type: "failed" });
  expect(await sandbox.closed).toEqual({
    type: "replaced",
    message: "A new version of a jar needs a new Spark application: class a.B differs",
  });
});

test("a new version of a jar says for which jobs it waits, and fails when they do not end in time", async () => {
  await using spark = await startScriptedSpark({ replaceTimeoutMs: 100 });
  const sandbox = await startContext(spark);
  await sandbox.run(jarJob("conflict", { digest: "sha256:1" }), observe()).outcome;
  const running = sandbox.run(jarJob("obedient"), observe());
  const seen = observe();
  const newer = await sandbox.run(jarJob("conflict", { digest: "sha256:2" }), seen).outcome;
  const later = await sandbox.run(jarJob("echo"), observe()).outcome;
  expect(seen.lines.map(({ text }) => text)).toEqual([
    "The job waits for a new Spark application, which starts when job job-obedient has ended: class a.B differs",
  ]);
  expect(newer.type === "postponed" && (await newer.calledOff)).toMatchObject({
    reason: JobError_Reason.LOAD_FAILED,
    message: expect.stringMatching(/its context still ran job job-obedient after 0.1 s .*: cancel that/),
  });
  expect(later.type === "postponed" && (await later.calledOff)).toBeUndefined();
  expect(await sandbox.run(jarJob("echo"), observe()).outcome).toMatchObject({ type: "succeeded" });
  running.abort("cancelled");
  expect(await running.outcome).toMatchObject({ type: "failed" });
  expect(await sandbox.run(jarJob("echo"), observe()).outcome).toMatchObject({ type: "succeeded" });
});

test("of two versions that start together one waits for another driver", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  const older = sandbox.run(jarJob("stubborn", { digest: "sha256:1" }), observe());
  expect(await sandbox.run(jarJob("alwaysConflict"), observe()).outcome).toMatchObject({ type: "postponed" });
  await sandbox[Symbol.asyncDispose]();
  expect(await older.outcome).toMatchObject({ type: "lost" });
});

test("a new version of a jar fails at once in a streaming context", async () => {
  await using spark = await startScriptedSpark();
  const settings = { "context-factory": "spark.jobserver.context.StreamingContextFactory" };
  const sandbox = await spark.runtime.startSandbox(contextNamed("streams", { settings }));
  await sandbox.run(jarJob("conflict", { digest: "sha256:1" }), observe()).outcome;
  expect(await sandbox.run(jarJob("conflict", { digest: "sha256:2" }), observe()).outcome).toMatchObject({
    type: "failed",
    error: { message: expect.stringContaining("a streaming context does not wait") },
  });
});

test("a new version of a jar fails where the operator wants that", async () => {
  await using spark = await startScriptedSpark({ onNewVersion: "refuse" });
  const sandbox = await startContext(spark);
  await sandbox.run(jarJob("conflict", { digest: "sha256:1" }), observe()).outcome;
  expect(await sandbox.run(jarJob("conflict", { digest: "sha256:2" }), observe()).outcome).toMatchObject({
    type: "failed",
    error: { reason: JobError_Reason.LOAD_FAILED, message: expect.stringContaining("restart the context") },
  });
});

test("a job whose own jars conflict fails instead of being started for ever", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  expect(await sandbox.run(jarJob("alwaysConflict"), observe()).outcome).toMatchObject({
    type: "failed",
    error: { message: expect.stringContaining("leave one of them out") },
  });
});

test("a streamed result is taken part by part", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  const seen = observe();
  expect(await sandbox.run(jarJob("stream"), seen).outcome).toEqual({ type: "streamed" });
  expect(seen.told).toEqual(["running", "application/octet-stream"]);
  expect(seen.text()).toBe("part 0\npart 1\npart 2\n");
});

test("a streamed result of which no more is taken fails, also when it is complete by then", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  expect(await sandbox.run(jarJob("stream"), observe({ mostParts: 2 })).outcome).toMatchObject({
    type: "failed",
    error: { reason: JobError_Reason.RESULT_TOO_LARGE, message: "no more is kept" },
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
  expect(lines.told).toEqual(["running", "application/x-ndjson"]);

  const array = observe();
  expect(await sandbox.run(sqlJob({ ...query, format: SqlQuery_Format.JSON }), array).outcome).toEqual({
    type: "streamed",
  });
  expect(JSON.parse(array.text())).toEqual(values);
  expect(array.told).toEqual(["running", "application/json"]);
});

test.each([
  ["fetch", {}, { text: "bytes of sha256:1" }],
  ["fetchOther", {}, { failure: "sha256:other is no jar of a job of this context" }],
  ["data", { name: "words" }, { text: "a b" }],
  ["data", { name: "none" }, { text: "", failure: 'Data file "none" does not exist' }],
  ["data", {}, { text: '["words"]' }],
])("a driver is given what its job may have: %s %j", async (main, config, wanted) => {
  await using spark = await startScriptedSpark();
  const sandbox = await spark.runtime.startSandbox(contextNamed("counts", { files: { words: "a b" } }));
  const outcome = await sandbox.run(jarJob(main, { config }), observe()).outcome;
  expect(JSON.parse((outcome.type === "succeeded" && outcome.json) || "null")).toEqual(wanted);
});

test("named objects are listed and dropped, and known after the end", async () => {
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

test("a job learns that Spark has no executors for it, and what a job logs late is left out", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  const seen = observe();
  await sandbox.run(jarJob("starve"), seen).outcome;
  await sandbox.run(jarJob("echo"), observe()).outcome;
  expect(seen.lines.map(({ text }) => text)).toEqual(["TaskSchedulerImpl: Initial job has not accepted any resources"]);
});
