import { create, fromJsonString, type MessageInitShape, toJsonString } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ContextEventSchema, fitEvent, JobError_Reason, JobEventSchema } from "./mod.ts";

function jobEvent(event: MessageInitShape<typeof JobEventSchema>["event"]): string {
  const identity = { jobId: crypto.randomUUID(), attempt: 2, seq: 7, contextId: crypto.randomUUID(), nodeId: "node" };
  return toJsonString(JobEventSchema, create(JobEventSchema, { ...identity, event } as never));
}

const error = { reason: JobError_Reason.THROWN, name: "TypeError", message: "€".repeat(9000), stack: "s".repeat(9000) };

test("fitEvent() returns an event within the maximum payload unchanged", () => {
  const event = jobEvent({ case: "failed", value: { error } });
  expect(fitEvent(event, Buffer.byteLength(event))).toBe(event);
});

test.each([
  ["an error with long texts", jobEvent({ case: "failed", value: { error } })],
  [
    "many problems",
    jobEvent({ case: "rejected", value: { error: { ...error, problems: Array(900).fill("p".repeat(99)) } } }),
  ],
  [
    "large fields of progress",
    jobEvent({ case: "progress", value: { fraction: 0.5, fields: { all: "x".repeat(30_000) } } }),
  ],
  [
    "many lines",
    jobEvent({ case: "logged", value: { lines: Array(3000).fill({ number: 1, text: "\u0000".repeat(50) }) } }),
  ],
])("fitEvent() cuts an event with %s, keeps its identity and type, and says where the whole is", (_, text) => {
  const whole = fromJsonString(JobEventSchema, text);
  const reduced = fitEvent(text, 8192);
  expect(Buffer.byteLength(reduced)).toBeLessThanOrEqual(8192);
  const { jobId, attempt, seq, event, omitted } = fromJsonString(JobEventSchema, reduced);
  expect({ jobId, attempt, seq, case: event.case }).toEqual({
    jobId: whole.jobId,
    attempt: 2,
    seq: 7,
    case: whole.event.case,
  });
  expect(omitted).toContain(`/v1/jobs/${jobId}`);
});

test("fitEvent() keeps the newest stages", () => {
  const stages = Array.from({ length: 200 }, (_, id) => ({ id, name: "n".repeat(200) }));
  const text = jobEvent({ case: "progress", value: { fraction: 0.5, stages } as never });
  const { event } = fromJsonString(JobEventSchema, fitEvent(text, 8192));
  expect(event).toMatchObject({ case: "progress", value: { fraction: 0.5 } });
  const kept = event.case === "progress" ? event.value.stages.map(({ id }) => id) : [];
  expect(kept).toEqual(Array.from({ length: 10 }, (_, n) => 190 + n));
});

test("fitEvent() keeps the reason and the beginning of the message of an error", () => {
  const { event } = fromJsonString(JobEventSchema, fitEvent(jobEvent({ case: "failed", value: { error } }), 2048));
  expect(event.value).toMatchObject({ error: { reason: JobError_Reason.THROWN, name: "TypeError" } });
  expect(event.value).toMatchObject({ error: { message: expect.stringMatching(/^€+ … \(cut: 9000 characters\)$/) } });
});

test("fitEvent() cuts the list of the named objects that a restart of a context took", () => {
  const lostObjects = Array.from({ length: 5000 }, (_, index) => `object-${index}`);
  const event = create(ContextEventSchema, {
    contextId: "c1",
    seq: 3,
    event: { case: "restarting", value: { message: "It died", lostObjects } },
  });
  const reduced = fromJsonString(ContextEventSchema, fitEvent(toJsonString(ContextEventSchema, event), 16_384));
  expect(reduced.event).toMatchObject({
    case: "restarting",
    value: { message: "It died", lostObjects: lostObjects.slice(0, 1000) },
  });
  expect(reduced.omitted).toContain("/v1/contexts/c1");
});

test("fitEvent() cuts no character in half", () => {
  for (const start of ["", "x"]) {
    const message = start + "\u{1f600}".repeat(9000);
    const { event } = fromJsonString(
      JobEventSchema,
      fitEvent(jobEvent({ case: "failed", value: { error: { ...error, message } } }), 2048),
    );
    expect(event.value).toMatchObject({
      error: { message: expect.stringMatching(/^x?\u{1f600}+ … \(cut: 1800[01] characters\)$/u) },
    });
  }
});
