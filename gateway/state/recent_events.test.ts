import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { type JobEvent, JobEventSchema } from "../../proto/mod.ts";
import { RecentEvents } from "./recent_events.ts";

const signal = new AbortController().signal;

function event(seq: number): JobEvent {
  return create(JobEventSchema, { jobId: "j", attempt: 1, seq, event: { case: "progress", value: {} } });
}

test("watch() emits past and new events in order, each once", async () => {
  const recent = new RecentEvents();
  recent.begin("j");
  recent.add(event(1));
  recent.add(event(1));
  const seen = recent.watch("j", { afterSeq: 0, signal });
  expect((await seen.next()).value?.seq).toBe(1);
  const coming = seen.next();
  recent.add(event(2));
  expect((await coming).value?.seq).toBe(2);
});

test("watch() starts after the given event", async () => {
  const recent = new RecentEvents();
  recent.begin("j");
  for (const seq of [1, 2, 3]) recent.add(event(seq));
  expect((await recent.watch("j", { afterSeq: 2, signal }).next()).value?.seq).toBe(3);
});

test("watch() ends when an event is missing", async () => {
  const recent = new RecentEvents();
  recent.begin("j");
  recent.add(event(1));
  const seen = recent.watch("j", { afterSeq: 1, signal });
  const coming = seen.next();
  recent.add(event(3));
  expect(await coming).toEqual({ done: true, value: undefined });
});

test("watch() emits nothing for a job that was never begun", async () => {
  expect(await new RecentEvents().watch("j", { afterSeq: 0, signal }).next()).toEqual({ done: true, value: undefined });
});

test("watch() ends when its signal is aborted", async () => {
  const recent = new RecentEvents();
  recent.begin("j");
  const leaving = new AbortController();
  const coming = recent.watch("j", { afterSeq: 0, signal: leaving.signal }).next();
  leaving.abort();
  expect((await coming).done).toBe(true);
});
