import { expect, test } from "vitest";
import { type ContextEvent, JobError, JobError_Reason, Refusal_Reason } from "../../proto/node.ts";
import { ContextCommands, MEBIBYTE } from "./testing/context_commands.ts";

const commands = new ContextCommands();

const OUT_OF_MEMORY = { type: "outOfMemory", message: "over its limit of 1 MiB" } as const;

test("a sandbox that runs out of memory is replaced: its jobs fail with the reason, waiting jobs run in the next one", async () => {
  const contextId = await commands.start({ maxJobsPerContext: 1 });
  for (const name of ["b", "a"]) await commands.session.final(commands.run(contextId, "keep", {}, { name, value: 1 }));
  const running = commands.run(contextId, "stubborn");
  await commands.session.jobEvent(running, "running");
  const waiting = commands.run(contextId, "echo");
  commands.tested.runtime.crash(contextId, OUT_OF_MEMORY);
  expect((await commands.session.final(running)).event).toMatchObject({
    $case: "failed",
    value: { error: { reason: JobError_Reason.OUT_OF_MEMORY, message: "over its limit of 1 MiB" } },
  });
  expect((await commands.session.final(waiting)).event.$case).toBe("succeeded");
  expect(commands.session.contextStory(contextId)).toEqual(["running", "restarting", "running"]);
  expect((await commands.session.contextEvent(contextId, "restarting")).event?.value).toEqual({
    message: "over its limit of 1 MiB",
    reason: JobError_Reason.OUT_OF_MEMORY,
    lostObjects: ["a", "b"],
    lostObjectCount: 2,
    startTime: expect.any(Date),
  });
});

test("a sandbox that violates its protocol is replaced, and its jobs are not retried", async () => {
  const contextId = await commands.start();
  const jobId = commands.run(contextId, "stubborn", { maxAttempts: 5 });
  await commands.session.jobEvent(jobId, "running");
  commands.tested.runtime.crash(contextId, { type: "violated", message: "The sandbox violated its protocol" });
  expect((await commands.session.final(jobId)).event).toMatchObject({
    $case: "failed",
    value: { error: { reason: JobError_Reason.SANDBOX_VIOLATION, message: "The sandbox violated its protocol" } },
  });
  expect(commands.session.story(jobId)).toEqual(["running", "failed"]);
  expect((await commands.session.contextEvent(contextId, "restarting")).event?.value).toMatchObject({
    reason: JobError_Reason.SANDBOX_VIOLATION,
  });
});

test("a job that needs another sandbox blocks the others until its sandbox continues, and fails then", async () => {
  const contextId = await commands.start({ maxJobsPerContext: 2 });
  const [running, refused] = [commands.run(contextId, "stubborn"), commands.run(contextId, "stubborn")];
  for (const jobId of [running, refused]) await commands.session.jobEvent(jobId, "running");
  const calledOff = Promise.withResolvers<JobError>();
  commands.tested.runtime.postpone(contextId, refused, calledOff.promise);
  const waiting = commands.run(contextId, "echo");
  await commands.objects(contextId);
  expect(commands.session.story(waiting)).not.toContain("running");
  const error = JobError.create({ reason: JobError_Reason.LOAD_FAILED, message: "it took too long" });
  calledOff.resolve(error);
  expect((await commands.session.final(refused)).event).toMatchObject({ $case: "failed", value: { error } });
  expect((await commands.session.final(waiting)).event.$case).toBe("succeeded");
  expect(commands.session.contextStory(contextId)).toEqual(["running"]);
});

test("a job that needs another sandbox runs in the next one", async () => {
  const contextId = await commands.start();
  const jobId = commands.run(contextId, "stubborn");
  await commands.session.jobEvent(jobId, "running");
  commands.tested.runtime.postpone(contextId, jobId, new Promise(() => {}));
  commands.tested.runtime.crash(contextId, { type: "replaced", message: "a new version" });
  await commands.session.until(
    "the next run",
    () => commands.session.story(jobId).filter((each) => each === "running")[1],
  );
  commands.cancel(jobId);
  expect((await commands.session.final(jobId)).event.$case).toBe("cancelled");
});

test("a context waits longer after each consecutive crash, and accepts jobs meanwhile", async () => {
  const contextId = await commands.start();
  commands.tested.runtime.crash(contextId, OUT_OF_MEMORY);
  await commands.session.until("the second sandbox", () => commands.session.contextStory(contextId)[2]);
  commands.tested.runtime.crash(contextId, OUT_OF_MEMORY);
  await commands.session.until("the second death", () => commands.session.contextStory(contextId)[3]);
  const jobId = commands.run(contextId, "echo", { noQueue: true });
  expect((await commands.session.final(jobId)).event.$case).toBe("succeeded");
  const deaths = commands.session.contextEvents(contextId).filter(({ event }) => event?.$case === "restarting");
  expect(deaths.map(({ time, event }) => delayOf(time, event))).toEqual([0, 1000]);
});

/** From the event until the start that it announces, in whole seconds as milliseconds. */
function delayOf(time: Date | undefined, event: ContextEvent["event"]): number {
  const startTime = event?.$case === "restarting" ? event.value.startTime : undefined;
  // The event is created a moment later.
  return Math.round((Number(startTime) - Number(time)) / 1000) * 1000;
}

test("an ad hoc context gets no second sandbox", async () => {
  const contextId = await commands.start({}, { adHoc: true });
  commands.tested.runtime.crash(contextId, OUT_OF_MEMORY);
  const { event } = await commands.session.contextEvent(contextId, "failed");
  expect(event?.value).toEqual({ message: "over its limit of 1 MiB", reason: JobError_Reason.OUT_OF_MEMORY });
  expect(await commands.session.refusal(commands.run(contextId, "echo"))).toMatchObject({
    reason: Refusal_Reason.NOT_HELD,
  });
});

test("a restart with other settings cancels running jobs and runs waiting ones in the new sandbox", async () => {
  const contextId = await commands.start({ maxJobsPerContext: 1 });
  await commands.session.final(commands.run(contextId, "keep", {}, { name: "a", value: 1 }));
  const running = commands.run(contextId, "cooperative", { gracePeriodMs: 10_000 });
  await commands.session.jobEvent(running, "running");
  const waiting = [commands.run(contextId, "stubborn"), commands.run(contextId, "stubborn")];
  commands.restart(contextId, { settings: { maxJobsPerContext: 2 } });
  for (const jobId of waiting) await commands.session.jobEvent(jobId, "running");
  expect((await commands.session.final(running)).event).toMatchObject({
    $case: "cancelled",
    value: {
      error: { message: "The job was cancelled because its context was restarted; it stopped by itself" },
    },
  });
  expect(commands.session.contextStory(contextId)).toEqual(["running", "restarting", "running"]);
  expect((await commands.session.contextEvent(contextId, "restarting")).event?.value).toMatchObject({
    message: "It was asked to restart",
    reason: JobError_Reason.REASON_UNSPECIFIED,
    lostObjects: ["a"],
  });
  expect(await commands.objects(contextId)).toEqual([]);
});

test("a forced restart gives jobs no grace period", async () => {
  const contextId = await commands.start();
  const jobId = commands.run(contextId, "stubborn", { gracePeriodMs: 3_600_000 });
  await commands.session.jobEvent(jobId, "running");
  commands.restart(contextId, { force: true });
  expect((await commands.session.final(jobId)).event).toMatchObject({
    value: { error: { reason: JobError_Reason.CANCELLED_BY_FORCE } },
  });
  await commands.session.until("the new sandbox", () => commands.session.contextStory(contextId)[2]);
});

test("a restart cuts the back-off of a crashing context short", async () => {
  const contextId = await commands.start();
  for (const lives of [1, 2, 3]) {
    commands.tested.runtime.crash(contextId, OUT_OF_MEMORY);
    await commands.session.until("its death", () => commands.session.contextStory(contextId)[2 * lives - 1]);
    commands.restart(contextId);
    await commands.session.until(
      "its restart",
      () => commands.session.contextStory(contextId).filter((type) => type === "running")[lives],
    );
  }
});

test("a context that is stopped while it restarts stops", async () => {
  const contextId = await commands.start();
  const jobId = commands.run(contextId, "stubborn", { gracePeriodMs: 3_600_000 });
  await commands.session.jobEvent(jobId, "running");
  commands.restart(contextId);
  await commands.session.contextEvent(contextId, "restarting");
  const waiting = commands.run(contextId, "echo");
  commands.stop(contextId, { force: true });
  await commands.session.contextEvent(contextId, "stopped");
  expect(commands.session.contextStory(contextId)).toEqual(["running", "restarting", "stopping", "stopped"]);
  expect((await commands.session.final(waiting)).event.$case).toBe("cancelled");
});

test("restarting a context that the node does not hold, or lacks memory for, is refused", async () => {
  const unknown = crypto.randomUUID();
  commands.restart(unknown);
  expect(await commands.session.refusal(unknown)).toMatchObject({ reason: Refusal_Reason.NOT_HELD });
  const contextId = await commands.start();
  commands.restart(contextId, { settings: { memoryBytes: 9000 * MEBIBYTE } });
  expect(await commands.session.refusal(contextId)).toMatchObject({ reason: Refusal_Reason.NO_ROOM });
  expect(commands.session.contextStory(contextId)).toEqual(["running"]);
});

test("the named objects of a context are listed and dropped", async () => {
  const contextId = await commands.start();
  for (const name of ["a", "b"])
    await commands.session.final(commands.run(contextId, "keep", {}, { name, value: "12" }));
  expect(await commands.objects(contextId)).toEqual([
    expect.objectContaining({ name: "a", sizeBytes: 4, createTime: expect.any(Date), expireTime: undefined }),
    expect.objectContaining({ name: "b", sizeBytes: 4, createTime: expect.any(Date), expireTime: undefined }),
  ]);
  expect((await commands.objects(contextId, "a"))?.map(({ name }) => name)).toEqual(["a"]);
  expect(await commands.objects(contextId, "a")).toEqual([]);
  expect((await commands.objects(contextId))?.map(({ name }) => name)).toEqual(["b"]);
  expect(await commands.objects(crypto.randomUUID())).toBeUndefined();
});
