import { create } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JobFilter } from "../../plugins/contract/mod.ts";
import { type Job, Job_State, LogLine_Level, LogLineSchema } from "../../proto/mod.ts";
import { arbitraryMessage } from "./arbitrary_message.ts";
import type { DaoBackEnd } from "./dao_back_end.ts";
import { json, readPages, sampleDigest, sampleId, sampleJob } from "./samples.ts";

const none = json({});

export function describeJobLists(createBackEnd: () => Promise<DaoBackEnd>): void {
  describe("lists, logs and deletion of jobs", () => {
    test("list() pages through all jobs, newest first", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const jobs = Array.from({ length: 25 }, (_, n) => sampleJob((n * 7) % 25));
      await Promise.all(jobs.map((job) => dao.jobs.insert(job, none)));

      const listed = await readPages(
        (before?: string) => dao.jobs.list({}, { limit: 10, before }),
        (job) => job.id,
      );

      expect(listed.map((job) => job.id)).toEqual(Array.from({ length: 25 }, (_, n) => sampleId(24 - n)));
      expect(await dao.jobs.list({}, { limit: 0 })).toEqual([]);
    });

    test("list() returns exactly the jobs that meet every condition", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const jobs = Array.from({ length: 200 }, (_, n) => variedJob(n));
      await Promise.all(jobs.map((job) => dao.jobs.insert(job, none)));

      await fc.assert(
        fc.asyncProperty(arbitraryFilter, fc.nat(220), fc.integer({ min: 1, max: 60 }), async (filter, n, limit) => {
          const before = n < 200 ? sampleId(n) : undefined;
          const expected = jobs.filter((job) => meets(job, filter) && (!before || job.id < before));
          const listed = await dao.jobs.list(filter, { limit, before });
          expect(listed).toEqual(expected.reverse().slice(0, limit));
        }),
        { numRuns: 300 },
      );
    });

    test("endedBefore leaves out jobs that ended at that instant, or have not ended", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const at = (nanos: number) => ({ seconds: 1000n, nanos });
      await dao.jobs.insert(sampleJob(1, { endTime: at(4_999_999) }), none);
      await dao.jobs.insert(sampleJob(2, { endTime: at(5_000_000) }), none);
      await dao.jobs.insert(sampleJob(3, { endTime: at(5_000_001) }), none);
      await dao.jobs.insert(sampleJob(4), none);

      const listed = await dao.jobs.list({ endedBefore: new Date(1_000_005) }, { limit: 10 });

      expect(listed.map((job) => job.id)).toEqual([sampleId(1)]);
    });

    test("list() sees a job in the state that update() gave it", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      await dao.jobs.insert(sampleJob(1), none);
      const ended = sampleJob(1, { state: Job_State.FAILED, endTime: timestampFromMs(5), revision: 2 });
      await dao.jobs.update(ended);

      expect(await dao.jobs.list({ states: [Job_State.QUEUED] }, { limit: 10 })).toEqual([]);
      expect(await dao.jobs.list({ states: [Job_State.FAILED] }, { limit: 10 })).toEqual([ended]);
      expect(await dao.jobs.list({ endedBefore: new Date(6) }, { limit: 10 })).toEqual([ended]);
    });

    test("appendLogs() keeps the first line of a number; logs() pages in order", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      await dao.jobs.insert(sampleJob(1), none);
      await dao.jobs.insert(sampleJob(2), none);

      await dao.jobs.appendLogs(sampleId(1), [logLine(1, "one"), logLine(3, "three")]);
      await dao.jobs.appendLogs(sampleId(1), [logLine(2, "two"), logLine(3, "again"), logLine(4, "four")]);
      await dao.jobs.appendLogs(sampleId(1), []);

      const lines = [logLine(1, "one"), logLine(2, "two"), logLine(3, "three"), logLine(4, "four")];
      expect(await dao.jobs.logs(sampleId(1), { after: 0, limit: 10 })).toEqual(lines);
      expect(await dao.jobs.logs(sampleId(1), { after: 1, limit: 2 })).toEqual(lines.slice(1, 3));
      expect(await dao.jobs.logs(sampleId(1), { after: 4, limit: 2 })).toEqual([]);
      expect(await dao.jobs.logs(sampleId(2), { after: 0, limit: 10 })).toEqual([]);
    });

    test("appendLogs() keeps every field", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      await dao.jobs.insert(sampleJob(1), none);
      const lines = fc.sample(arbitraryMessage(LogLineSchema), 20).map((line, n) => ({ ...line, number: n + 1 }));

      await dao.jobs.appendLogs(sampleId(1), lines);

      expect(await dao.jobs.logs(sampleId(1), { after: 0, limit: 100 })).toEqual(lines);
    });

    test("delete() deletes a job with its config, result and logs", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      await dao.jobs.insert(sampleJob(1, { requestId: "r" }), json("config"));
      await dao.jobs.update(sampleJob(1, { requestId: "r", revision: 2 }), { result: json("result") });
      await dao.jobs.appendLogs(sampleId(1), [logLine(1, "line")]);

      expect(await dao.jobs.delete(sampleId(1))).toBe(true);
      expect(await dao.jobs.delete(sampleId(1))).toBe(false);

      expect(await dao.jobs.get(sampleId(1))).toBeUndefined();
      expect(await dao.jobs.config(sampleId(1))).toBeUndefined();
      expect(await dao.jobs.insert(sampleJob(2, { requestId: "r" }), none)).toBeUndefined();
      expect(await dao.jobs.insert(sampleJob(1), none)).toBeUndefined();
      for (const id of [sampleId(1), sampleId(2)]) {
        expect(await dao.jobs.config(id)).toEqual(none);
        expect(await dao.jobs.result(id)).toBeUndefined();
        expect(await dao.jobs.logs(id, { after: 0, limit: 10 })).toEqual([]);
      }
    });

    test("deleteEnded() deletes jobs that ended before with their data, up to the limit", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      for (let n = 1; n <= 10; n++) {
        const endTime = n === 10 ? {} : { endTime: timestampFromMs(1000 + n) };
        await dao.jobs.insert(sampleJob(n, { requestId: `r${n}`, ...endTime }), json("config"));
        await dao.jobs.appendLogs(sampleId(n), [logLine(1, "line")]);
      }
      const rest = async () => (await dao.jobs.list({}, { limit: 20 })).map(({ id }) => id).reverse();

      expect(await dao.jobs.deleteEnded(new Date(1006), { limit: 3 })).toBe(3);
      expect(await rest()).toHaveLength(7);
      expect(await dao.jobs.deleteEnded(new Date(1006), { limit: 3 })).toBe(2);
      expect(await rest()).toEqual([6, 7, 8, 9, 10].map(sampleId));
      expect(await dao.jobs.deleteEnded(new Date(1006), { limit: 3 })).toBe(0);

      for (let n = 1; n <= 5; n++) {
        expect(await dao.jobs.config(sampleId(n))).toBeUndefined();
        expect(await dao.jobs.insert(sampleJob(n, { requestId: `r${n}` }), none)).toBeUndefined();
        expect(await dao.jobs.logs(sampleId(n), { after: 0, limit: 10 })).toEqual([]);
      }
    });

    test("uses() finds the digest of a job's result while such a job exists", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const [first, second] = [{ digest: sampleDigest(7) }, { digest: sampleDigest(8) }];
      await dao.jobs.insert(sampleJob(1, { result: first }), none);
      await dao.jobs.insert(sampleJob(2), none);
      await dao.jobs.insert(sampleJob(3), none);
      await dao.jobs.update(sampleJob(2, { result: first, revision: 2 }));
      await dao.jobs.update(sampleJob(3, { result: second, revision: 2, endTime: timestampFromMs(5) }));
      const uses = () => Promise.all([7, 8, 1].map((n) => dao.jobs.uses(sampleDigest(n))));

      expect(await uses()).toEqual([true, true, false]);
      await dao.jobs.delete(sampleId(1));
      await dao.jobs.deleteEnded(new Date(6), { limit: 10 });
      expect(await uses()).toEqual([true, false, false]);
      await dao.jobs.delete(sampleId(2));
      expect(await uses()).toEqual([false, false, false]);
    });
  });
}

function logLine(number: number, text: string) {
  return create(LogLineSchema, {
    number,
    time: timestampFromMs(number),
    level: LogLine_Level.INFO,
    text,
    attempt: 1,
    executor: 1,
  });
}

/** Jobs that differ in everything that a filter can ask for, independently. */
function variedJob(n: number): Job {
  const endTime = n % 4 === 0 ? undefined : timestampFromMs(1000 + ((n * 37) % 50));
  return sampleJob(n, {
    state: n % 8,
    context: `context ${n % 3}`,
    contextId: sampleId(0xff00 + (n % 5)),
    binary: `binary ${n % 2}`,
    binaryDigest: sampleDigest(n % 7),
    ...(endTime && { endTime }),
  });
}

const arbitraryFilter: fc.Arbitrary<JobFilter> = fc.record(
  {
    states: fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { maxLength: 4 }),
    context: fc.nat(3).map((n) => `context ${n}`),
    contextId: fc.nat(5).map((n) => sampleId(0xff00 + n)),
    binary: fc.nat(2).map((n) => `binary ${n}`),
    binaryDigest: fc.nat(7).map(sampleDigest),
    endedBefore: fc.integer({ min: 1000, max: 1055 }).map((ms) => new Date(ms)),
  },
  { requiredKeys: [] },
);

function meets(job: Job, filter: JobFilter): boolean {
  const { states = [], context, contextId, binary, binaryDigest, endedBefore } = filter;
  return (
    (states.length === 0 || states.includes(job.state)) &&
    (context === undefined || context === job.context) &&
    (contextId === undefined || contextId === job.contextId) &&
    (binary === undefined || binary === job.binary) &&
    (binaryDigest === undefined || binaryDigest === job.binaryDigest) &&
    (endedBefore === undefined || (job.endTime !== undefined && timestampMs(job.endTime) < endedBefore.getTime()))
  );
}
