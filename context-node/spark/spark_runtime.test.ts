import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { JobError_Reason } from "../../proto/node.ts";
import type { JobRun } from "../runtime/mod.ts";
import { contextNamed, jarJob, observe, startContext, startScriptedSpark } from "./testing/mod.ts";

test("a Spark runtime runs jobs in a driver, and removes its folder afterwards", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await spark.runtime.startSandbox(contextNamed("counts"));
  expect(sandbox.application).toEqual({ id: "app-1", uiUrl: "http://127.0.0.1:4040" });
  expect(sandbox.processId).toBeGreaterThan(0);
  const seen = observe();
  expect(await sandbox.run(jarJob("echo", { config: { a: 1 } }), seen).outcome).toEqual({
    type: "succeeded",
    json: '{"a":1}',
  });
  expect(seen.calls).toEqual(["validating", "running"]);
  expect(seen.lines.map(({ text }) => text)).toEqual(["a line \ufffd"]);
  expect(seen.reports.map(({ fraction }) => fraction)).toEqual([0.5]);
  await sandbox[Symbol.asyncDispose]();
  expect(await sandbox.closed).toEqual({ type: "disposed" });
  expect(await readdir(join(spark.folder, "run"))).toEqual([]);
});

test("a context warns that its driver is not confined", async () => {
  await using spark = await startScriptedSpark({}, { obstacle: "there is no bubblewrap" });
  const { warnings } = await startContext(spark);
  expect(warnings).toEqual([
    "The Spark driver is not confined, its jobs can do what the node can: there is no bubblewrap",
  ]);
});

test("a driver gets the environment of its context, and none of the node's", async () => {
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
])("startSandbox() rejects with why the context %s has no application", async (name, message) => {
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

test("a context with the default memory and no environment gets a spare driver after the first context", async () => {
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
])("a job ends without its driver when %s", async (_why, job, outcome) => {
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
])("a driver ends with its jobs when one of them does %s", async (main, end) => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  const other = sandbox.run(jarJob("stubborn"), observe());
  const job = sandbox.run(jarJob(main), { ...observe(), resultPart: () => new Promise(() => {}) });
  expect(await sandbox.closed).toEqual(end);
  expect(await job.outcome).toEqual({ type: "lost", end });
  expect(await other.outcome).toEqual({ type: "lost", end });
  expect(await sandbox.run(jarJob("echo"), observe()).outcome).toMatchObject({ type: "lost" });
});

test("an aborted job ends, and its driver stays", async () => {
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
