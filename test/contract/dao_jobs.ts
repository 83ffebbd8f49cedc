import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JobFilter } from "../../plugins/contract/mod.ts";
import { type Job, Job_State, JobSchema, LogLine_Level, LogLineSchema } from "../../proto/mod.ts";
import { arbitraryMessage } from "./arbitrary_message.ts";
import { type DaoBackEnd, openOther } from "./dao_back_end.ts";
import { json, readPages, sampleDigest, sampleId, sampleJob } from "./samples.ts";

const none = json({});

export function describeJobs(createBackEnd: () => Promise<DaoBackEnd>): void {
  describe("jobs", () => {
    test("insert() stores a job and its config", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const job = sampleJob(1, { requestId: "r1", labels: { team: "ü" } });

      expect(await dao.jobs.insert(job, json({ words: 1 }))).toBeUndefined();

      expect(await dao.jobs.get(job.id)).toEqual(job);
      expect(await dao.jobs.config(job.id)).toEqual(json({ words: 1 }));
      expect(await dao.jobs.result(job.id)).toBeUndefined();
    });

    test("get(), config(), result() and logs() know nothing of a job that is not there", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();

      expect(await dao.jobs.get(sampleId(1))).toBeUndefined();
      expect(await dao.jobs.config(sampleId(1))).toBeUndefined();
      expect(await dao.jobs.result(sampleId(1))).toBeUndefined();
      expect(await dao.jobs.logs(sampleId(1), { after: 0, limit: 10 })).toEqual([]);
    });

    test("insert() of a final job stores its result with it", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const job = sampleJob(1, { state: Job_State.SUCCEEDED });

      await dao.jobs.insert(job, json({ words: 1 }), { result: json("done") });
      expect(await dao.jobs.result(job.id)).toEqual(json("done"));
      expect(await dao.jobs.config(job.id)).toEqual(json({ words: 1 }));
    });

    test("insert() and update() keep every field", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      let n = 0;
      const property = fc.asyncProperty(
        arbitraryMessage(JobSchema),
        arbitraryMessage(JobSchema),
        async (first, next) => {
          n += 1;
          Object.assign(first, {
            id: sampleId(n),
            requestId: first.requestId && `${n} ${first.requestId}`,
            revision: 1,
          });
          Object.assign(next, { id: sampleId(n), requestId: first.requestId, revision: 2 });
          await dao.jobs.insert(first, none);
          expect(await dao.jobs.get(first.id)).toEqual(first);
          expect(await dao.jobs.update(next)).toBe(true);
          expect(await dao.jobs.get(next.id)).toEqual(next);
        },
      );
      await fc.assert(property, { numRuns: 100 });
    });

    test("a field that the DAO does not know is kept", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const fieldOfTheFuture = [0xfa, 0xff, 0x03, 2, 104, 105];
      const job = fromBinary(JobSchema, new Uint8Array([...toBinary(JobSchema, sampleJob(1)), ...fieldOfTheFuture]));

      await dao.jobs.insert(job, none);

      const stored = await dao.jobs.get(job.id);
      expect(stored && toBinary(JobSchema, stored)).toEqual(toBinary(JobSchema, job));
    });

    test("a job is stored as it was when insert() was called", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const job = sampleJob(1);
      const config = json({ n: 1 });

      const inserted = dao.jobs.insert(job, config);
      job.entryPoint = "Other";
      await inserted;

      expect((await dao.jobs.get(job.id))?.entryPoint).toBe("WordCount");
    });

    test("insert() of a taken id returns the job with it and changes nothing", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const first = sampleJob(1, { requestId: "r1" });
      await dao.jobs.insert(first, json("first"));

      expect(await dao.jobs.insert(sampleJob(1, { requestId: "r2" }), json("second"))).toEqual(first);

      expect(await dao.jobs.get(first.id)).toEqual(first);
      expect(await dao.jobs.config(first.id)).toEqual(json("first"));
    });

    test("insert() of a taken request id returns the job with it as it is now", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const first = sampleJob(1, { requestId: "r1" });
      await dao.jobs.insert(first, none);
      const running = { ...first, state: Job_State.RUNNING, revision: 2 };
      await dao.jobs.update(running);

      expect(await dao.jobs.insert(sampleJob(2, { requestId: "r1" }), none)).toEqual(running);

      expect(await dao.jobs.get(sampleId(2))).toBeUndefined();
      expect(await dao.jobs.config(sampleId(2))).toBeUndefined();
    });

    test("jobs without a request id do not conflict", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();

      expect(await Promise.all([1, 2, 3].map((n) => dao.jobs.insert(sampleJob(n), none)))).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    });

    test("one of many concurrent insert() with one request id succeeds, through two DAOs", async () => {
      await using backEnd = await createBackEnd();
      await using one = await backEnd.open();
      await using other = await openOther(backEnd, one);
      const jobs = Array.from({ length: 20 }, (_, n) => sampleJob(n, { requestId: "r" }));

      const answers = await Promise.all(jobs.map((job, n) => (n % 2 ? one : other).jobs.insert(job, none)));

      const stored = jobs.filter((_, n) => answers[n] === undefined);
      expect(stored).toHaveLength(1);
      expect(answers.filter((answer) => answer !== undefined)).toEqual(Array(19).fill(stored[0]));
      expect(await one.jobs.list({}, { limit: 100 })).toEqual(stored);
    });

    test("update() replaces the revision before, and only that", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      await dao.jobs.insert(sampleJob(1), none);
      const second = sampleJob(1, { state: Job_State.RUNNING, contextId: sampleId(7), context: "other", revision: 2 });

      expect(await dao.jobs.update(sampleJob(1, { revision: 1 }))).toBe(false);
      expect(await dao.jobs.update(sampleJob(1, { revision: 3 }))).toBe(false);
      expect(await dao.jobs.update(second)).toBe(true);
      expect(await dao.jobs.update(second)).toBe(false);
      expect(await dao.jobs.update(sampleJob(2, { revision: 2 }))).toBe(false);

      expect(await dao.jobs.list({}, { limit: 10 })).toEqual([second]);
      expect(await dao.jobs.list({ context: "other", contextId: sampleId(7) }, { limit: 10 })).toEqual([second]);
    });

    test("one of many concurrent update() of one revision succeeds, through two DAOs", async () => {
      await using backEnd = await createBackEnd();
      await using one = await backEnd.open();
      await using other = await openOther(backEnd, one);
      await one.jobs.insert(sampleJob(1), none);
      const updates = Array.from({ length: 20 }, (_, n) => sampleJob(1, { entryPoint: `${n}`, revision: 2 }));

      const answers = await Promise.all(
        updates.map((job, n) => (n % 2 ? one : other).jobs.update(job, { result: json(n) })),
      );

      const winner = answers.indexOf(true);
      expect(answers.filter((won) => won)).toEqual([true]);
      expect(await one.jobs.get(sampleId(1))).toEqual(updates[winner]);
      expect(await other.jobs.result(sampleId(1))).toEqual(json(winner));
    });

    test("update() stores the result, keeps it when none is given, and not when it loses", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      await dao.jobs.insert(sampleJob(1), none);

      await dao.jobs.update(sampleJob(1, { revision: 9 }), { result: json("lost") });
      expect(await dao.jobs.result(sampleId(1))).toBeUndefined();
      await dao.jobs.update(sampleJob(1, { revision: 2 }), { result: json("won") });
      expect(await dao.jobs.result(sampleId(1))).toEqual(json("won"));
      await dao.jobs.update(sampleJob(1, { revision: 3 }));
      expect(await dao.jobs.result(sampleId(1))).toEqual(json("won"));
    });

    test("an empty result is a result", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      await dao.jobs.insert(sampleJob(1), new Uint8Array());
      await dao.jobs.update(sampleJob(1, { revision: 2 }), { result: new Uint8Array() });

      expect(await dao.jobs.config(sampleId(1))).toEqual(new Uint8Array());
      expect(await dao.jobs.result(sampleId(1))).toEqual(new Uint8Array());
    });

    test("configs and results of some megabytes are stored completely", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const large = new Uint8Array(5_000_000).map((_, n) => n * 31);

      await dao.jobs.insert(sampleJob(1), large);
      await dao.jobs.update(sampleJob(1, { revision: 2 }), { result: large });

      expect(Buffer.compare((await dao.jobs.config(sampleId(1))) ?? none, large)).toBe(0);
      expect(Buffer.compare((await dao.jobs.result(sampleId(1))) ?? none, large)).toBe(0);
    });

    test("writes that are not awaited take effect in the order of their calls", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();

      const answers = await Promise.all([
        dao.jobs.update(sampleJob(1, { revision: 2 })),
        dao.jobs.insert(sampleJob(1, { requestId: "r" }), none),
        dao.jobs.update(sampleJob(1, { requestId: "r", revision: 3 })),
        dao.jobs.insert(sampleJob(2, { requestId: "r" }), none),
        dao.jobs.update(sampleJob(1, { requestId: "r", revision: 2 }), { result: json("two") }),
        dao.jobs.update(sampleJob(1, { requestId: "r", revision: 3 })),
        dao.jobs.insert(sampleJob(1), none),
        dao.jobs.delete(sampleId(1)),
        dao.jobs.update(sampleJob(1, { requestId: "r", revision: 4 })),
        dao.jobs.insert(sampleJob(1, { requestId: "r", revision: 7 }), none),
      ]);

      expect(answers).toEqual([
        false,
        undefined,
        false,
        sampleJob(1, { requestId: "r" }),
        true,
        true,
        sampleJob(1, { requestId: "r", revision: 3 }),
        true,
        false,
        undefined,
      ]);
      expect(await dao.jobs.get(sampleId(1))).toEqual(sampleJob(1, { requestId: "r", revision: 7 }));
      expect(await dao.jobs.result(sampleId(1))).toBeUndefined();
    });

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
