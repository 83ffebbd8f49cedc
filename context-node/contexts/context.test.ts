import { expect, test } from "vitest";
import { JobError_Reason, Refusal_Reason } from "../../proto/node.ts";
import { ContextCommands } from "./testing/context_commands.ts";

const commands = new ContextCommands();

test("a context emits its start and its stop", async () => {
  const contextId = await commands.start();
  commands.stop(contextId);
  await commands.session.contextEvent(contextId, "stopped");
  expect(commands.session.contextEvents(contextId).map(({ seq, event }) => [seq, event?.$case])).toEqual([
    [1, "running"],
    [2, "stopping"],
    [3, "stopped"],
  ]);
});

test("jobs beyond the slots wait in order of priority and emit their positions", async () => {
  const contextId = await commands.start({ maxJobsPerContext: 1 });
  const first = commands.run(contextId, "stubborn");
  await commands.session.jobEvent(first, "running");
  const second = commands.run(contextId, "echo");
  const third = commands.run(contextId, "echo");
  const urgent = commands.run(contextId, "echo", { priority: 5 });
  expect((await commands.session.jobEvent(urgent, "queued")).position).toBe(1);
  expect((await commands.session.jobEvent(second, "queued")).position).toBe(2);
  expect((await commands.session.jobEvent(third, "queued")).position).toBe(3);

  commands.cancel(first);
  await commands.session.final(third);
  expect(commands.session.story(urgent)).toEqual(["queued", "succeeded"]);
  expect(commands.session.jobEvents(urgent).at(-1)?.startTime).toEqual(expect.any(Date));
  expect(commands.session.jobOrder("succeeded").filter((id) => [second, third, urgent].includes(id))).toEqual([
    urgent,
    second,
    third,
  ]);
});

test("a waiting job emits its position again when it has changed noticeably", async () => {
  const contextId = await commands.start({ maxJobsPerContext: 1 });
  const first = commands.run(contextId, "stubborn");
  const second = commands.run(contextId, "stubborn");
  const third = commands.run(contextId, "echo");
  await commands.session.jobEvent(third, "queued");
  commands.cancel(first);
  await commands.session.final(first);
  await commands.session.until("the new place", () => commands.session.story(third)[1]);
  expect(commands.session.jobEvents(third).map(({ event }) => event)).toEqual([
    { $case: "queued", value: { position: 2 } },
    { $case: "queued", value: { position: 1 } },
  ]);
  commands.cancel(second);
  await commands.session.final(third);
});

test("a job that gets a slot soon emits no position", async () => {
  const contextId = await commands.start({ maxJobsPerContext: 1 });
  const jobs = [1, 2, 3].map(() => commands.run(contextId, "echo"));
  for (const jobId of jobs) {
    await commands.session.final(jobId);
    expect(commands.session.story(jobId)).toEqual(["succeeded"]);
  }
});

test("a job is refused when the queue is full, or at once when it may not wait", async () => {
  const contextId = await commands.start({ maxJobsPerContext: 1, maxQueuedJobs: 1 });
  commands.run(contextId, "stubborn");
  const waiting = commands.run(contextId, "echo");
  await commands.session.jobEvent(waiting, "queued");
  const refused = commands.run(contextId, "echo");
  expect(await commands.session.refusal(refused)).toMatchObject({ reason: Refusal_Reason.QUEUE_FULL });
  const impatient = commands.run(contextId, "echo", { noQueue: true });
  expect(await commands.session.refusal(impatient)).toMatchObject({ reason: Refusal_Reason.QUEUE_FULL });
});

test("a context without a queue uses all its slots", async () => {
  const contextId = await commands.start({ maxJobsPerContext: 1, maxQueuedJobs: 0 });
  await commands.session.final(commands.run(contextId, "echo", { noQueue: true }));
  await commands.session.final(commands.run(contextId, "echo"));
});

test("a waiting job is cancelled at once and never runs", async () => {
  const contextId = await commands.start({ maxJobsPerContext: 1 });
  commands.run(contextId, "stubborn");
  const waiting = commands.run(contextId, "echo");
  await commands.session.jobEvent(waiting, "queued");
  commands.cancel(waiting);
  expect((await commands.session.final(waiting)).event).toMatchObject({
    $case: "cancelled",
    value: { error: { reason: JobError_Reason.CANCELLED } },
  });
  expect(commands.session.story(waiting)).toEqual(["queued", "cancelled"]);
});

test("cancel frees the slot before it emits the end", async () => {
  const contextId = await commands.start({ maxJobsPerContext: 1 });
  const first = commands.run(contextId, "stubborn");
  await commands.session.jobEvent(first, "running");
  commands.cancel(first);
  await commands.session.final(first);
  expect((await commands.session.final(commands.run(contextId, "echo", { noQueue: true }))).event.$case).toBe(
    "succeeded",
  );
});

test("jobs may arrive while their context starts", async () => {
  const started = Promise.withResolvers<void>();
  commands.tested.runtime.beforeStart = () => started.promise;
  const contextId = crypto.randomUUID();
  commands.session.send({
    $case: "startContext",
    value: { contextId, name: "slow", settings: undefined, adHoc: false, firstSeq: 1 },
  });
  const jobId = commands.run(contextId, "echo", { noQueue: true });
  const cancelled = commands.run(contextId, "echo");
  commands.cancel(cancelled);
  await commands.session.final(cancelled);
  started.resolve();
  commands.tested.runtime.beforeStart = async () => {};
  await commands.session.final(jobId);
  expect(commands.session.story(jobId)).toEqual(["succeeded"]);
  expect(commands.session.story(cancelled)).toEqual(["cancelled"]);
});

test("a context that cannot start fails with the reason, as do its jobs", async () => {
  const started = Promise.withResolvers<void>();
  commands.tested.runtime.beforeStart = () => started.promise;
  const contextId = crypto.randomUUID();
  commands.session.send({
    $case: "startContext",
    value: { contextId, name: "broken", settings: undefined, adHoc: false, firstSeq: 1 },
  });
  const jobId = commands.run(contextId, "echo", { confirm: true });
  await commands.session.until("acceptance", () =>
    commands.session.heard("acceptance").find((taken) => taken.jobId === jobId),
  );
  started.reject(new Error("no binary for it"));
  const { event } = await commands.session.contextEvent(contextId, "failed");
  commands.tested.runtime.beforeStart = async () => {};
  expect(event?.value).toEqual({ message: "no binary for it", reason: JobError_Reason.CONTEXT_LOST });
  expect((await commands.session.final(jobId)).event).toMatchObject({
    $case: "failed",
    value: { error: { reason: JobError_Reason.CONTEXT_LOST, message: "no binary for it" } },
  });
});

test("a context that is stopped during its start never runs", async () => {
  commands.tested.runtime.beforeStart = () => new Promise(() => {});
  const contextId = crypto.randomUUID();
  commands.session.send({
    $case: "startContext",
    value: { contextId, name: "never", settings: undefined, adHoc: false, firstSeq: 1 },
  });
  commands.stop(contextId);
  await commands.session.contextEvent(contextId, "stopped");
  commands.tested.runtime.beforeStart = async () => {};
  expect(commands.session.contextStory(contextId)).toEqual(["stopping", "stopped"]);
});
