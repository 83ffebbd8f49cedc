import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Dao, OutboxEvent } from "../../plugins/contract/mod.ts";
import { Context_State, Job_State } from "../../proto/mod.ts";
import { type DaoBackEnd, openOther } from "./dao_back_end.ts";
import { json, namesInByteOrder, readPages, sampleContext, sampleEvent, sampleId, sampleJob } from "./samples.ts";

const none = json({});

export function describeOutbox(createBackEnd: () => Promise<DaoBackEnd>): void {
  describe("outbox", () => {
    test("a change adds its event", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();

      await dao.jobs.insert(sampleJob(1), none, { event: sampleEvent("b") });
      expect(await listIds(dao)).toEqual(["b"]);
      await dao.jobs.update(sampleJob(1, { revision: 2 }), { event: sampleEvent("a") });
      expect(await listIds(dao)).toEqual(["a", "b"]);
      await dao.jobs.update(sampleJob(1, { revision: 3 }), { result: json("done"), event: sampleEvent("c") });
      await dao.contexts.insert(sampleContext(1));
      await dao.contexts.update(sampleContext(1, { revision: 2 }), { event: sampleEvent("d") });

      expect(await dao.outbox.list({ limit: 10 })).toEqual(["a", "b", "c", "d"].map((id) => sampleEvent(id)));
    });

    test("a change without an event adds none", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();

      await dao.jobs.insert(sampleJob(1), none);
      await dao.jobs.update(sampleJob(1, { revision: 2 }), { result: json("done") });
      await dao.contexts.insert(sampleContext(1));
      await dao.contexts.update(sampleContext(1, { revision: 2 }));

      expect(await dao.outbox.list({ limit: 10 })).toEqual([]);
    });

    test("a change that is not stored adds no event", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      await dao.jobs.insert(sampleJob(1, { requestId: "r" }), none);
      await dao.contexts.insert(sampleContext(1));
      const event = sampleEvent("e");

      expect(await dao.jobs.insert(sampleJob(1), none, { event })).toBeDefined();
      expect(await dao.jobs.insert(sampleJob(2, { requestId: "r" }), none, { event })).toBeDefined();
      for (const job of [sampleJob(1), sampleJob(1, { revision: 3 }), sampleJob(3, { revision: 2 })]) {
        expect(await dao.jobs.update(job, { event })).toBe(false);
      }
      for (const context of [sampleContext(1), sampleContext(1, { revision: 3 }), sampleContext(3, { revision: 2 })]) {
        expect(await dao.contexts.update(context, { event })).toBe(false);
      }

      expect(await dao.outbox.list({ limit: 10 })).toEqual([]);
    });

    test("one of many concurrent changes adds its event, through two DAOs", async () => {
      await using backEnd = await createBackEnd();
      await using one = await backEnd.open();
      await using other = await openOther(backEnd, one);
      const daoOf = (n: number) => (n % 2 ? one : other);
      const numbers = Array.from({ length: 20 }, (_, n) => n);
      await one.contexts.insert(sampleContext(1));

      const inserted = await Promise.all(
        numbers.map((n) =>
          daoOf(n).jobs.insert(sampleJob(n, { requestId: "r" }), none, { event: sampleEvent(`insert ${n}`) }),
        ),
      );
      const first = inserted.indexOf(undefined);
      const updated = await Promise.all(
        numbers.map((n) =>
          daoOf(n).jobs.update(sampleJob(first, { revision: 2 }), { event: sampleEvent(`update ${n}`) }),
        ),
      );
      const changed = await Promise.all(
        numbers.map((n) =>
          daoOf(n).contexts.update(sampleContext(1, { revision: 2 }), { event: sampleEvent(`context ${n}`) }),
        ),
      );

      const winners = [`context ${changed.indexOf(true)}`, `insert ${first}`, `update ${updated.indexOf(true)}`];
      expect(await listIds(one)).toEqual(winners);
      expect(await listIds(other)).toEqual(winners);
    });

    test("an event with a known id stays unchanged, and the change is stored", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const other = sampleEvent("e", { subject: "other", payload: "{}" });
      await dao.jobs.insert(sampleJob(1), none, { event: sampleEvent("e") });
      await dao.contexts.insert(sampleContext(1));

      expect(await dao.jobs.insert(sampleJob(2), none, { event: other })).toBeUndefined();
      expect(await dao.jobs.update(sampleJob(1, { revision: 2 }), { event: other })).toBe(true);
      expect(await dao.contexts.update(sampleContext(1, { revision: 2 }), { event: other })).toBe(true);

      expect(await dao.outbox.list({ limit: 10 })).toEqual([sampleEvent("e")]);
      expect((await dao.jobs.get(sampleId(1)))?.revision).toBe(2);
      expect((await dao.contexts.get(sampleId(1)))?.revision).toBe(2);
    });

    test("an event is stored as it was when the change was called", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const event = { ...sampleEvent("e") };

      const inserted = dao.jobs.insert(sampleJob(1), none, { event });
      event.payload = "other";
      await inserted;

      expect(await dao.outbox.list({ limit: 10 })).toEqual([sampleEvent("e")]);
    });

    test("texts may hold any character", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const text = fc.string({ unit: "binary", maxLength: 40 });
      let n = 0;
      const property = fc.asyncProperty(text, text, text, async (id, subject, payload) => {
        n += 1;
        const event = { id: `x${id}`, subject, payload };
        await dao.jobs.insert(sampleJob(n), none, { event });
        expect(await dao.outbox.list({ limit: 10 })).toEqual([event]);
        expect(await dao.outbox.delete([event.id])).toBe(1);
      });
      await fc.assert(property, { numRuns: 50, examples: [["\u0000\u0001\u0001", '"\\', "\u{1f600}\u0000\u0002"]] });
    });

    test("payloads of a megabyte are stored completely", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const payloads = ["x", "é", "\u0000", "\u{1f600}"].map((unit) => JSON.stringify(unit.repeat(300_000)));
      const events = payloads.map((payload, n) => sampleEvent(`e${n}`, { payload }));

      await Promise.all(events.map((event, n) => dao.jobs.insert(sampleJob(n), none, { event })));

      const listed = await dao.outbox.list({ limit: 10 });
      expect(listed.map(({ id }) => id)).toEqual(["e0", "e1", "e2", "e3"]);
      expect(listed.map(({ payload }, n) => payload === payloads[n])).toEqual([true, true, true, true]);
    });

    test("list() pages by id ascending, compared as bytes, through every DAO", async () => {
      await using backEnd = await createBackEnd();
      await using one = await backEnd.open();
      await using other = await openOther(backEnd, one);
      const ids = ["\u0000", "\u0001", "1/1/1", "1/1/10", "1/1/2", ...namesInByteOrder];
      await Promise.all(
        ids.toReversed().map((id, n) => one.jobs.insert(sampleJob(n), none, { event: sampleEvent(id) })),
      );

      const events = await readPages(
        (after?: string) => other.outbox.list({ limit: 4, after }),
        ({ id }) => id,
      );

      expect(events).toEqual(ids.map((id) => sampleEvent(id)));
      expect((await one.outbox.list({ limit: 2, after: "1/1/1a" })).map(({ id }) => id)).toEqual(["1/1/2", "A"]);
      expect(await one.outbox.list({ limit: 2, after: "\u{10ffff}" })).toEqual([]);
    });

    test("delete() deletes and counts the given events and ignores other ids, through every DAO", async () => {
      await using backEnd = await createBackEnd();
      await using one = await backEnd.open();
      await using other = await openOther(backEnd, one);
      await addEvents(
        one,
        ["a", "a\u0000", "b", '"b",\\', "{c}"].map((id) => sampleEvent(id)),
      );

      expect(await other.outbox.delete([])).toBe(0);
      expect(await other.outbox.delete(["x", "", "A", "%"])).toBe(0);
      expect(await other.outbox.delete(["a\u0000", "x", '"b",\\', "a\u0000", "{c}"])).toBe(3);
      expect(await listIds(one)).toEqual(["a", "b"]);
      expect(await one.outbox.delete(["a\u0000", "b"])).toBe(1);
      expect(await listIds(other)).toEqual(["a"]);
    });

    test("delete() accepts thousands of ids", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const ids = Array.from({ length: 3000 }, (_, n) => `${sampleId(n)}/1/2`);
      await addEvents(
        dao,
        ids.slice(1000).map((id) => sampleEvent(id)),
      );

      expect(await dao.outbox.delete(ids.slice(0, 2999))).toBe(1999);
      expect(await listIds(dao)).toEqual(ids.slice(2999));
    });

    test("writes take effect in the order of their calls", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const event = sampleEvent("e");

      const writes = [
        dao.jobs.insert(sampleJob(1), none, { event }),
        dao.outbox.delete(["e"]),
        dao.jobs.update(sampleJob(1, { revision: 2 }), { event: { ...event, payload: "{}" } }),
        dao.outbox.delete(["other"]),
      ];

      expect(await Promise.all(writes)).toEqual([undefined, 1, true, 0]);
      expect(await dao.outbox.list({ limit: 10 })).toEqual([{ ...event, payload: "{}" }]);
    });

    test("events stay when their jobs and contexts are deleted", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const endTime = timestampFromMs(1000);
      for (const n of [1, 2]) {
        await dao.jobs.insert(sampleJob(n), none);
        const job = sampleJob(n, { state: Job_State.FAILED, endTime, revision: 2 });
        await dao.jobs.update(job, { event: sampleEvent(`job ${n}`) });
        await dao.contexts.insert(sampleContext(n));
        const context = sampleContext(n, { state: Context_State.STOPPED, endTime, revision: 2 });
        await dao.contexts.update(context, { event: sampleEvent(`context ${n}`) });
      }

      expect(await dao.jobs.delete(sampleId(1))).toBe(true);
      expect(await dao.jobs.deleteEnded(new Date(2000), { limit: 10 })).toBe(1);
      expect(await dao.contexts.delete(sampleId(1))).toBe(true);
      expect(await dao.contexts.deleteEnded(new Date(2000), { limit: 10 })).toBe(1);

      expect(await listIds(dao)).toEqual(["context 1", "context 2", "job 1", "job 2"]);
    });
  });
}

async function listIds(dao: Dao): Promise<string[]> {
  return (await dao.outbox.list({ limit: 1000 })).map(({ id }) => id);
}

/** Adds events with a job each. */
async function addEvents(dao: Dao, events: readonly OutboxEvent[]): Promise<void> {
  await Promise.all(events.map((event, n) => dao.jobs.insert(sampleJob(n), none, { event })));
}
