import { fromBinary, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { JobEventSchema } from "../../../proto/mod.ts";
import { JobError_Reason, JobEvent, LogLine_Level, wellFormedJson } from "../../../proto/node.ts";
import { endingOf } from "../../jobs/attempt_end.ts";
import { ProgressReports } from "../../jobs/progress.ts";
import { MAX_TIME_MS } from "../sandbox/messages/bounds.ts";
import type { ExecutorReport } from "../sandbox/messages/protocol.ts";
import { parseReports } from "./report_schemas.ts";

/** Any text that JavaScript has: NUL, controls, halves of surrogate pairs. */
const text = fc
  .string({ unit: "binary", maxLength: 40 })
  .chain((some) => fc.constantFrom(some, `${some}\ud800`, `\udfff${some}\0`));
const json = fc.oneof(fc.jsonValue({ stringUnit: "binary" }), text, fc.constantFrom(1e308, -0, 5e-324));
/** As it is written: with numbers beyond a double, and names twice. */
const fieldsJson = fc.oneof(
  fc.dictionary(text, json).map((fields) => JSON.stringify(fields)),
  fc.constantFrom(
    '{"a":1e400}',
    '{"a":1,"a":2}',
    '{"__proto__":{"a":1}}',
    `{"a":${"[".repeat(300)}${"]".repeat(300)}}`,
  ),
);
const time = fc.integer({ min: 0, max: MAX_TIME_MS });

const report = fc.oneof(
  fc.record({
    type: fc.constant("progress" as const),
    run: fc.constant(1),
    fraction: fc.double({ min: 0, max: 1, noNaN: true }),
    message: text,
    fields: fieldsJson,
  }),
  fc.record({
    type: fc.constant("logged" as const),
    run: fc.constant(1),
    lines: fc.array(fc.record({ level: fc.constant("info" as const), time, text }), { maxLength: 3 }),
  }),
  fc.record({
    type: fc.constant("failed" as const),
    run: fc.constant(1),
    reason: fc.constant("THROWN" as const),
    error: fc.record({ name: text, message: text, stack: text }),
  }),
  fc.record({
    type: fc.constant("rejected" as const),
    run: fc.constant(1),
    problems: fc.array(text, { minLength: 1, maxLength: 3 }),
  }),
);

/** The event that the node makes of a report. */
function eventOf(given: ExecutorReport): JobEvent["event"] {
  switch (given.type) {
    case "progress": {
      const reports = new ProgressReports(() => true);
      reports.report({
        ...given,
        stages: [],
        fields: given.fields === undefined ? undefined : JSON.parse(given.fields),
      });
      const value = reports.close();
      return value && { $case: "progress", value };
    }
    case "logged": {
      const lines = given.lines.map((line, index) => ({
        ...{ number: index + 1, attempt: 1, executor: 1, level: LogLine_Level.INFO },
        ...{ text: line.text, time: new Date(line.time) },
      }));
      return { $case: "logged", value: { lines } };
    }
    case "failed":
      return endingOf(
        { type: "failed", error: { ...given.error, reason: JobError_Reason.THROWN, problems: [] } },
        undefined,
      );
    case "rejected":
      return endingOf({ type: "rejected", problems: given.problems }, undefined);
    default:
      throw new Error(`no event is made of "${given.type}"`);
  }
}

test("whatever a sandbox may report is written and read by all that come after: session, NATS, store and REST", () => {
  fc.assert(
    fc.property(report, (sent) => {
      const parsed = parseReports(JSON.stringify([{ type: "reported", executor: 1, messages: [sent] }]));
      if ("error" in parsed) throw new Error(parsed.error);
      const [first] = parsed.reports;
      const message = first?.type === "reported" ? first.messages[0] : undefined;
      if (message === undefined) throw new Error("nothing was parsed");
      const event = JobEvent.create({ jobId: "j", attempt: 1, seq: 1, time: new Date(), event: eventOf(message) });

      const onSession = fromBinary(JobEventSchema, JobEvent.encode(event).finish());
      const onNats = fromJsonString(JobEventSchema, wellFormedJson(JobEvent.toJSON(event)));
      for (const read of [onSession, onNats]) {
        const stored = fromBinary(JobEventSchema, toBinary(JobEventSchema, read));
        expect(fromJsonString(JobEventSchema, toJsonString(JobEventSchema, stored))).toEqual(stored);
      }
      if (sent.type !== "progress") expect(onNats).toEqual(onSession);
    }),
    { numRuns: 500 },
  );
});
