import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AuditEntrySchema } from "../../proto/mod.ts";
import { arbitraryMessage } from "./arbitrary_message.ts";
import { type DaoBackEnd, openOther } from "./dao_back_end.ts";
import { readPages, sampleAuditEntry, sampleId } from "./samples.ts";

export function describeAudit(createBackEnd: () => Promise<DaoBackEnd>): void {
  describe("audit", () => {
    test("append() keeps every field", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      let n = 0;
      const property = fc.asyncProperty(arbitraryMessage(AuditEntrySchema), async (entry) => {
        n += 1;
        entry.id = sampleId(n);
        await dao.audit.append([entry]);
        expect(await dao.audit.list({}, { limit: 1 })).toEqual([entry]);
      });
      await fc.assert(property, { numRuns: 50 });
    });

    test("append() leaves an entry as it is when its id is there already", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const [first, second] = [sampleAuditEntry(1), sampleAuditEntry(2)];

      await dao.audit.append([]);
      await dao.audit.append([first]);
      await dao.audit.append([{ ...first, principal: "mallory" }, second]);

      expect(await dao.audit.list({}, { limit: 10 })).toEqual([second, first]);
    });

    test("list() pages newest first, all entries or those of one principal, through every DAO", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      await using other = await openOther(backEnd, dao);
      const entries = Array.from({ length: 20 }, (_, n) => sampleAuditEntry(n, { principal: n % 3 ? "alice" : "bob" }));
      await Promise.all([dao.audit.append(entries.slice(10)), other.audit.append(entries.slice(0, 10))]);

      const list = (principal?: string) =>
        readPages(
          (before?: string) => dao.audit.list({ principal }, { limit: 3, before }),
          ({ id }) => id,
        );

      expect(await list()).toEqual(entries.toReversed());
      expect(await list("bob")).toEqual(entries.filter(({ principal }) => principal === "bob").toReversed());
      expect(await list("carol")).toEqual([]);
    });

    test("forgetBefore() forgets entries with smaller ids only", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const entries = Array.from({ length: 5 }, (_, n) => sampleAuditEntry(n));
      await dao.audit.append(entries);

      expect(await dao.audit.forgetBefore(sampleId(3))).toBe(3);
      expect(await dao.audit.forgetBefore(sampleId(3))).toBe(0);
      expect(await dao.audit.list({}, { limit: 10 })).toEqual(entries.slice(3).toReversed());
    });
  });
}
