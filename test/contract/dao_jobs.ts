import { fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Job_State, JobSchema } from "../../proto/mod.ts";
import { arbitraryMessage } from "./arbitrary_message.ts";
import { type DaoBackEnd, openOther } from "./dao_back_end.ts";
import { json, sampleId, sampleJob } from "./samples.ts";

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
  });
}
