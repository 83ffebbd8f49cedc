import { expect, test } from "vitest";
import { JobError_Reason } from "../../../proto/node.ts";
import { contextNamed, jarJob, observe, startContext, startScriptedSpark } from "../testing/mod.ts";

test("a job with a new version of a jar waits for the running jobs, then for another driver", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  await sandbox.run(jarJob("conflict", { digest: "sha256:1" }), observe()).outcome;
  const running = sandbox.run(jarJob("obedient"), observe());
  const newer = sandbox.run(jarJob("conflict", { digest: "sha256:2" }), observe());
  expect(await newer.outcome).toMatchObject({ type: "postponed" });
  // A job that started before the conflict, and reached the driver after it.
  expect(await sandbox.run(jarJob("echo"), observe()).outcome).toMatchObject({ type: "postponed" });
  running.abort("cancelled");
  expect(await running.outcome).toMatchObject({ type: "failed" });
  expect(await sandbox.closed).toEqual({
    type: "replaced",
    message: "A new version of a jar needs a new Spark application: class a.B differs",
  });
});

test("a job with a new version of a jar logs what it waits for, and fails after the time limit", async () => {
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

test("one of two versions that start together waits for another driver", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  const older = sandbox.run(jarJob("stubborn", { digest: "sha256:1" }), observe());
  expect(await sandbox.run(jarJob("alwaysConflict"), observe()).outcome).toMatchObject({ type: "postponed" });
  await sandbox[Symbol.asyncDispose]();
  expect(await older.outcome).toMatchObject({ type: "lost" });
});

test("a job with a new version of a jar fails at once in a streaming context", async () => {
  await using spark = await startScriptedSpark();
  const settings = { "context-factory": "spark.jobserver.context.StreamingContextFactory" };
  const sandbox = await spark.runtime.startSandbox(contextNamed("streams", { settings }));
  await sandbox.run(jarJob("conflict", { digest: "sha256:1" }), observe()).outcome;
  expect(await sandbox.run(jarJob("conflict", { digest: "sha256:2" }), observe()).outcome).toMatchObject({
    type: "failed",
    error: { message: expect.stringContaining("a streaming context does not wait") },
  });
});

test("a job with a new version of a jar fails if onNewVersion is refuse", async () => {
  await using spark = await startScriptedSpark({ onNewVersion: "refuse" });
  const sandbox = await startContext(spark);
  await sandbox.run(jarJob("conflict", { digest: "sha256:1" }), observe()).outcome;
  expect(await sandbox.run(jarJob("conflict", { digest: "sha256:2" }), observe()).outcome).toMatchObject({
    type: "failed",
    error: { reason: JobError_Reason.LOAD_FAILED, message: expect.stringContaining("restart the context") },
  });
});

test("a job whose own jars conflict fails instead of restarting forever", async () => {
  await using spark = await startScriptedSpark();
  const sandbox = await startContext(spark);
  expect(await sandbox.run(jarJob("alwaysConflict"), observe()).outcome).toMatchObject({
    type: "failed",
    error: { message: expect.stringContaining("leave one of them out") },
  });
});
