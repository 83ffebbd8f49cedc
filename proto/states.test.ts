import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { applyContextEvent, applyJobEvent } from "./apply.ts";
import {
  type Context,
  Context_State,
  type ContextEvent,
  ContextEventSchema,
  ContextSchema,
  type Job,
  Job_State,
  type JobEvent,
  JobEventSchema,
  JobSchema,
} from "./mod.ts";
import {
  CONTEXT_MOVES,
  type ContextEventType,
  isFinalContext,
  isFinalJob,
  JOB_MOVES,
  type JobEventType,
} from "./states.ts";

const JOB_EVENTS: readonly JobEventType[] = [
  "queued",
  "running",
  "progress",
  "logged",
  "cancelling",
  "succeeded",
  "failed",
  "cancelled",
  "rejected",
  "retrying",
];

const CONTEXT_EVENTS: readonly ContextEventType[] = ["running", "stopping", "stopped", "failed", "restarting"];

const jobEvents: fc.Arbitrary<JobEvent> = fc
  .record({ type: fc.constantFrom(...JOB_EVENTS), attempt: fc.integer({ min: 1, max: 3 }), seq: fc.nat(20) })
  .map(({ type, attempt, seq }) =>
    create(JobEventSchema, { jobId: "j", attempt, seq, event: { case: type, value: {} } as JobEvent["event"] }),
  );

const contextEvents: fc.Arbitrary<ContextEvent> = fc
  .record({ type: fc.constantFrom(...CONTEXT_EVENTS), seq: fc.nat(20) })
  .map(({ type, seq }) =>
    create(ContextEventSchema, { contextId: "c", seq, event: { case: type, value: {} } as ContextEvent["event"] }),
  );

function queuedJob(): Job {
  return create(JobSchema, { id: "j", state: Job_State.QUEUED, attempt: 1 });
}

/** Applies events as the registry does: illegal transitions change nothing; a retry begins the next attempt. */
function replayJob(events: readonly JobEvent[]): Job[] {
  const states = [queuedJob()];
  for (const event of events) {
    const before = states.at(-1) as Job;
    const after = applyJobEvent(before, event);
    if (after === undefined) continue;
    states.push(event.event.case === "retrying" ? { ...after, attempt: after.attempt + 1 } : after);
  }
  return states;
}

test("applyJobEvent() reaches at most one final state in any order, with duplicates and late events", () => {
  fc.assert(
    fc.property(fc.array(jobEvents, { maxLength: 60 }), (events) => {
      const finals = replayJob(events).filter(({ state }) => isFinalJob(state));
      expect(finals.length).toBeLessThanOrEqual(1);
    }),
    { numRuns: 2000 },
  );
});

test("applyJobEvent() moves only as the table says", () => {
  fc.assert(
    fc.property(fc.array(jobEvents, { maxLength: 60 }), (events) => {
      const jobs = replayJob(events);
      for (const [index, { state }] of jobs.entries()) {
        const next = jobs[index + 1];
        if (next !== undefined) expect(Object.values(JOB_MOVES[state])).toContain(next.state);
      }
    }),
  );
});

test("applyJobEvent() is idempotent", () => {
  fc.assert(
    fc.property(fc.array(jobEvents, { maxLength: 40 }), (events) => {
      const doubled = events.flatMap((event) => [event, event]);
      expect(replayJob(doubled).at(-1)).toEqual(replayJob(events).at(-1));
    }),
  );
});

test("applyJobEvent() drops events of an abandoned attempt", () => {
  const job = { ...queuedJob(), attempt: 2, state: Job_State.RUNNING };
  const late = create(JobEventSchema, { jobId: "j", attempt: 1, seq: 9, event: { case: "succeeded", value: {} } });
  expect(applyJobEvent(job, late)).toBeUndefined();
});

test("applyJobEvent() keeps the history of an attempt that is retried", () => {
  const running = { ...queuedJob(), state: Job_State.RUNNING, seq: 3 };
  const error = { name: "TypeError", message: "x is not a function" };
  const retrying = create(JobEventSchema, {
    jobId: "j",
    attempt: 1,
    seq: 4,
    nodeId: "n",
    event: { case: "retrying", value: { error } },
  });
  const next = applyJobEvent(running, retrying);
  expect(next).toMatchObject({ state: Job_State.QUEUED, attempts: [{ number: 1, nodeId: "n", error }] });
});

test("applyJobEvent() leaves the job that it was given as it is", () => {
  const job = Object.freeze(queuedJob());
  const event = create(JobEventSchema, { jobId: "j", attempt: 1, seq: 1, event: { case: "running", value: {} } });
  expect(applyJobEvent(job, event)?.state).toBe(Job_State.RUNNING);
  expect(job.state).toBe(Job_State.QUEUED);
});

test("applyContextEvent() is idempotent", () => {
  const context = create(ContextSchema, { id: "c", state: Context_State.RUNNING, seq: 1 });
  const event = create(ContextEventSchema, { contextId: "c", seq: 2, event: { case: "restarting", value: {} } });
  const restarting = applyContextEvent(context, event);
  expect(restarting).toMatchObject({ state: Context_State.RESTARTING, restarts: 1, seq: 2 });
  expect(restarting && applyContextEvent(restarting, event)).toBeUndefined();
});

test("applyContextEvent() never leaves a final state", () => {
  fc.assert(
    fc.property(fc.array(contextEvents, { maxLength: 30 }), (events) => {
      let context: Context = create(ContextSchema, { id: "c", state: Context_State.STARTING });
      for (const event of events) {
        const next = applyContextEvent(context, event);
        if (isFinalContext(context.state)) expect(next).toBeUndefined();
        context = next ?? context;
      }
    }),
  );
});

test("applyContextEvent() accepts the start after an unreported restart", () => {
  const startTime = { seconds: 1n, nanos: 0 };
  const time = { seconds: 9n, nanos: 0 };
  const context = create(ContextSchema, {
    id: "c",
    state: Context_State.RUNNING,
    seq: 2,
    startTime,
    warnings: ["old"],
  });
  const again = create(ContextEventSchema, { contextId: "c", seq: 4, time, event: { case: "running", value: {} } });
  const next = applyContextEvent(context, again);
  expect(next).toMatchObject({ state: Context_State.RUNNING, seq: 4, startTime: time, restarts: 1, warnings: [] });
  expect(applyContextEvent(context, { ...again, seq: 2 })).toBeUndefined();
});

test("applyContextEvent() moves only as the table says, and never back in the order of events", () => {
  fc.assert(
    fc.property(fc.array(contextEvents, { maxLength: 30 }), (events) => {
      let context: Context = create(ContextSchema, { id: "c", state: Context_State.STARTING });
      for (const event of events) {
        const next = applyContextEvent(context, event);
        if (next === undefined) continue;
        expect(next.state).toBe(CONTEXT_MOVES[context.state][event.event.case as ContextEventType]);
        expect(next.seq).toBeGreaterThan(context.seq);
        context = next;
      }
    }),
  );
});
