import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Context_State, ContextSchema } from "../../proto/mod.ts";
import { arbitraryMessage } from "./arbitrary_message.ts";
import { type DaoBackEnd, openOther } from "./dao_back_end.ts";
import { readPages, sampleContext, sampleId } from "./samples.ts";

const { STARTING, RUNNING, STOPPED, FAILED, RESTARTING, STOPPING } = Context_State;

export function describeContexts(createBackEnd: () => Promise<DaoBackEnd>): void {
  describe("contexts", () => {
    test("insert() and update() keep every field", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      let n = 0;
      const property = fc.asyncProperty(
        arbitraryMessage(ContextSchema),
        arbitraryMessage(ContextSchema),
        async (first, next) => {
          n += 1;
          Object.assign(first, { id: sampleId(n), name: `${n} ${first.name}`, revision: 1 });
          Object.assign(next, { id: sampleId(n), name: first.name, revision: 2 });
          expect(await dao.contexts.insert(first)).toBeUndefined();
          expect(await dao.contexts.get(first.id)).toEqual(first);
          expect(await dao.contexts.update(next)).toBe(true);
          expect(await dao.contexts.find(next.name)).toEqual(next);
        },
      );
      await fc.assert(property, { numRuns: 50 });
    });

    test.each([STARTING, RUNNING, STOPPING, RESTARTING])(
      "insert() returns the context of that name when it is in state %i",
      async (state) => {
        await using backEnd = await createBackEnd();
        await using dao = await backEnd.open();
        const first = sampleContext(1, { name: "c", state });
        await dao.contexts.insert(first);

        expect(await dao.contexts.insert(sampleContext(2, { name: "c" }))).toEqual(first);

        expect(await dao.contexts.get(sampleId(2))).toBeUndefined();
        expect(await dao.contexts.insert(sampleContext(3, { name: "C" }))).toBeUndefined();
      },
    );

    test.each([STOPPED, FAILED])("insert() takes the name of a context in state %i", async (state) => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      await dao.contexts.insert(sampleContext(1, { name: "c" }));
      await dao.contexts.update(sampleContext(1, { name: "c", state, revision: 2 }));

      expect(await dao.contexts.insert(sampleContext(2, { name: "c" }))).toBeUndefined();

      expect(await dao.contexts.find("c")).toEqual(sampleContext(2, { name: "c" }));
      expect((await dao.contexts.get(sampleId(1)))?.state).toBe(state);
    });

    test("one of many concurrent insert() with one name succeeds, through two DAOs", async () => {
      await using backEnd = await createBackEnd();
      await using one = await backEnd.open();
      await using other = await openOther(backEnd, one);
      const contexts = Array.from({ length: 20 }, (_, n) => sampleContext(n, { name: "c" }));

      const answers = await Promise.all(contexts.map((context, n) => (n % 2 ? one : other).contexts.insert(context)));

      const stored = contexts.filter((_, n) => answers[n] === undefined);
      expect(stored).toHaveLength(1);
      expect(answers.filter((answer) => answer !== undefined)).toEqual(Array(19).fill(stored[0]));
    });

    test("find() returns the newest of a name, final or not", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      for (const n of [1, 3, 2]) await dao.contexts.insert(sampleContext(n, { name: "é", state: STOPPED }));

      expect(await dao.contexts.find("é")).toEqual(sampleContext(3, { name: "é", state: STOPPED }));
      expect(await dao.contexts.find("e")).toBeUndefined();
    });

    test("update() replaces the revision before, and only that", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      await dao.contexts.insert(sampleContext(1));
      const second = sampleContext(1, { state: RUNNING, nodeId: "n", revision: 2 });

      expect(await dao.contexts.update(sampleContext(1, { revision: 1 }))).toBe(false);
      expect(await dao.contexts.update(sampleContext(1, { revision: 3 }))).toBe(false);
      expect(await dao.contexts.update(sampleContext(2, { revision: 2 }))).toBe(false);
      expect(await dao.contexts.update(second)).toBe(true);
      expect(await dao.contexts.update(second)).toBe(false);
      expect(await dao.contexts.list({}, { limit: 10 })).toEqual([second]);
    });

    test("list() pages newest first and filters by state and end", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const states = [STARTING, RUNNING, STOPPED, FAILED];
      const contexts = Array.from({ length: 24 }, (_, n) => {
        const state = states[n % 4] ?? STARTING;
        return sampleContext(n, { state, ...(n % 4 > 1 && { endTime: timestampFromMs(1000 + n) }) });
      });
      await Promise.all(contexts.map((context) => dao.contexts.insert(context)));
      const newestFirst = contexts.toReversed();

      const listed = await readPages(
        (before?: string) => dao.contexts.list({}, { limit: 7, before }),
        (context) => context.id,
      );
      expect(listed).toEqual(newestFirst);
      expect(await dao.contexts.list({ states: [FAILED, RUNNING] }, { limit: 5, before: sampleId(20) })).toEqual(
        newestFirst
          .filter((context) => context.id < sampleId(20) && [FAILED, RUNNING].includes(context.state))
          .slice(0, 5),
      );
      expect(await dao.contexts.list({ states: [FAILED], endedBefore: new Date(1011) }, { limit: 10 })).toEqual([
        contexts[7],
        contexts[3],
      ]);
    });

    test("delete() forgets a context", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      await dao.contexts.insert(sampleContext(1));

      expect(await dao.contexts.delete(sampleId(1))).toBe(true);
      expect(await dao.contexts.delete(sampleId(1))).toBe(false);

      expect(await dao.contexts.get(sampleId(1))).toBeUndefined();
      expect(await dao.contexts.list({}, { limit: 10 })).toEqual([]);
    });

    test("deleteEnded() deletes contexts that ended before, up to the limit", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      for (let n = 1; n <= 6; n++) {
        const end = n === 6 ? {} : { state: STOPPED, endTime: timestampFromMs(1000 + n) };
        await dao.contexts.insert(sampleContext(n, end));
      }

      expect(await dao.contexts.deleteEnded(new Date(1004), { limit: 2 })).toBe(2);
      expect(await dao.contexts.deleteEnded(new Date(1004), { limit: 2 })).toBe(1);
      expect(await dao.contexts.deleteEnded(new Date(1004), { limit: 2 })).toBe(0);
      expect((await dao.contexts.list({}, { limit: 10 })).map(({ id }) => id)).toEqual([6, 5, 4].map(sampleId));
    });
  });
}
