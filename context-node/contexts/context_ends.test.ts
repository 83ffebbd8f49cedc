import { expect, test } from "vitest";
import { ContextSettings, JobError_Reason, Refusal_Reason } from "../../proto/node.ts";
import { ContextCommands, MEBIBYTE } from "./testing/context_commands.ts";

const commands = new ContextCommands();

const OUT_OF_MEMORY = { type: "outOfMemory", message: "over its limit of 1 MiB" } as const;

test("a context stops after the most jobs that it may accept", async () => {
  const contextId = await commands.start({ maxJobsPerContext: 1, maxJobs: 3 });
  const first = commands.run(contextId, "stubborn");
  const others = [commands.run(contextId, "echo"), commands.run(contextId, "echo")];
  await commands.session.contextEvent(contextId, "stopping");
  expect(await commands.session.refusal(commands.run(contextId, "echo"))).toMatchObject({
    reason: Refusal_Reason.DRAINING,
  });
  commands.cancel(first);
  for (const jobId of others) expect((await commands.session.final(jobId)).event.$case).toBe("succeeded");
  await commands.session.contextEvent(contextId, "stopped");
});

test("a context that reaches its age accepts no more jobs, finishes its own, and stops", async () => {
  const contextId = await commands.start({ maxAge: { seconds: 1, nanos: 0 } });
  const jobId = commands.run(contextId, "stubborn");
  await commands.session.contextEvent(contextId, "stopping");
  expect(commands.session.story(jobId)).toEqual(["running"]);
  commands.cancel(jobId);
  await commands.session.contextEvent(contextId, "stopped");
});

test("a draining context whose sandbox dies finishes its jobs in another one", async () => {
  const contextId = await commands.start({ maxJobsPerContext: 1, maxJobs: 2 });
  commands.run(contextId, "stubborn");
  const last = commands.run(contextId, "echo");
  await commands.session.contextEvent(contextId, "stopping");
  commands.tested.runtime.crash(contextId, OUT_OF_MEMORY);
  expect((await commands.session.final(last)).event.$case).toBe("succeeded");
  await commands.session.contextEvent(contextId, "stopped");
});

test("a drained context accepts no more jobs, finishes its own, and stops", async () => {
  const contextId = await commands.start({ maxJobsPerContext: 1 });
  const running = commands.run(contextId, "stubborn");
  await commands.session.jobEvent(running, "running");
  const waiting = commands.run(contextId, "echo");
  commands.stop(contextId, { drain: true });
  await commands.session.contextEvent(contextId, "stopping");
  expect(await commands.session.refusal(commands.run(contextId, "echo"))).toMatchObject({
    reason: Refusal_Reason.DRAINING,
  });
  expect(commands.session.story(running)).toEqual(["running"]);
  commands.cancel(running);
  expect((await commands.session.final(waiting)).event.$case).toBe("succeeded");
  await commands.session.contextEvent(contextId, "stopped");
});

test("a stop cuts a drain short", async () => {
  const contextId = await commands.start();
  const running = commands.run(contextId, "stubborn");
  await commands.session.jobEvent(running, "running");
  commands.stop(contextId, { drain: true });
  await commands.session.contextEvent(contextId, "stopping");
  commands.stop(contextId, { force: true });
  await commands.session.contextEvent(contextId, "stopped");
  expect(commands.session.story(running)).toEqual(["running", "cancelling", "cancelled"]);
});

test("stopping a context cancels its jobs with their grace periods", async () => {
  const contextId = await commands.start({ maxJobsPerContext: 1 });
  const running = commands.run(contextId, "stubborn");
  await commands.session.jobEvent(running, "running");
  const waiting = commands.run(contextId, "echo");
  commands.stop(contextId);
  await commands.session.contextEvent(contextId, "stopped");
  expect(commands.session.story(running)).toEqual(["running", "cancelling", "cancelled"]);
  expect(commands.session.story(waiting)).toEqual(["cancelled"]);
  expect((await commands.session.final(running)).event).toMatchObject({
    value: { error: { reason: JobError_Reason.CANCELLED_BY_FORCE } },
  });
});

test("a forced stop cuts a running grace period short", async () => {
  const contextId = await commands.start();
  const jobId = crypto.randomUUID();
  commands.session.runJob({ jobId, contextId, entryPoint: "stubborn", gracePeriodMs: 3_600_000 });
  await commands.session.jobEvent(jobId, "running");
  commands.stop(contextId);
  await commands.session.jobEvent(jobId, "cancelling");
  commands.stop(contextId, { force: true });
  await commands.session.contextEvent(contextId, "stopped");
  expect(commands.session.story(jobId)).toEqual(["running", "cancelling", "cancelled"]);
});

test("a stopping context refuses jobs", async () => {
  const contextId = await commands.start();
  await commands.session.jobEvent(commands.run(contextId, "stubborn"), "running");
  commands.stop(contextId);
  expect(await commands.session.refusal(commands.run(contextId, "echo"))).toMatchObject({
    reason: Refusal_Reason.DRAINING,
  });
});

test("an ad hoc context stops after its job", async () => {
  const contextId = await commands.start({}, { adHoc: true });
  const jobId = commands.run(contextId, "echo");
  await commands.session.contextEvent(contextId, "stopped");
  expect(commands.session.story(jobId)).toEqual(["succeeded"]);
});

test("a context with stopOnJobError stops when a job fails", async () => {
  const contextId = await commands.start({ stopOnJobError: true });
  await commands.session.final(commands.run(contextId, "echo"));
  expect(commands.session.contextStory(contextId)).toEqual(["running"]);
  commands.run(contextId, "fail");
  await commands.session.contextEvent(contextId, "stopped");
});

test("a context with stopOnJobError stops when a job's config is refused", async () => {
  const contextId = await commands.start({ stopOnJobError: true });
  const jobId = commands.run(contextId, "strict");
  await commands.session.contextEvent(contextId, "stopped");
  expect(commands.session.story(jobId)).toContain("rejected");
});

test("a context without jobs stops after its idle timeout", async () => {
  const contextId = await commands.start({ idleTimeout: { seconds: 1, nanos: 0 } });
  const jobId = commands.run(contextId, "stubborn");
  await commands.session.jobEvent(jobId, "running");
  const idle = await commands.start({ idleTimeout: { seconds: 1, nanos: 0 } });
  await commands.session.contextEvent(idle, "stopped");
  expect(commands.session.contextStory(contextId)).toEqual(["running"]);
  commands.cancel(jobId);
  await commands.session.contextEvent(contextId, "stopped");
});

test("a context is refused until the node has the memory", async () => {
  const large = await commands.start({ memoryBytes: 7000 * MEBIBYTE });
  const contextId = crypto.randomUUID();
  const settings = { ...ContextSettings.create(), memoryBytes: 2000 * MEBIBYTE };
  commands.session.send({
    $case: "startContext",
    value: { contextId, name: "second", settings, adHoc: false, firstSeq: 1 },
  });
  expect(await commands.session.refusal(contextId)).toMatchObject({ reason: Refusal_Reason.NO_ROOM });
  commands.stop(large);
  await commands.session.contextEvent(large, "stopped");
  await commands.session.startContext(contextId, settings);
});

test("starting a context that is held emits its state again", async () => {
  const contextId = await commands.start();
  const other = await commands.tested.openSession({ gatewayId: "gateway-2" });
  await other.startContext(contextId);
  expect(other.contextEvents(contextId)).toEqual(commands.session.contextEvents(contextId));
});

test("commands for a context that the node does not hold are refused", async () => {
  const contextId = crypto.randomUUID();
  commands.stop(contextId);
  expect(await commands.session.refusal(contextId)).toMatchObject({ reason: Refusal_Reason.NOT_HELD });
  expect(await commands.session.refusal(commands.run(contextId, "echo"))).toMatchObject({
    reason: Refusal_Reason.NOT_HELD,
  });
});
