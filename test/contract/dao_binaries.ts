import { clone } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Binary, BinarySchema } from "../../proto/mod.ts";
import { arbitraryMessage } from "./arbitrary_message.ts";
import { type DaoBackEnd, openOther } from "./dao_back_end.ts";
import { namesInByteOrder, readPages, sampleBinary, sampleDigest } from "./samples.ts";

export function describeBinaries(createBackEnd: () => Promise<DaoBackEnd>): void {
  describe("binaries", () => {
    test("insert() keeps every field but the version, which it finds", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      let n = 0;
      const property = fc.asyncProperty(arbitraryMessage(BinarySchema), async (binary) => {
        n += 1;
        binary.name = `${n} ${binary.name}`;
        const given = clone(BinarySchema, binary);
        const expected = { ...binary, version: 1 };
        expect(await dao.binaries.insert(binary)).toEqual(expected);
        expect(await dao.binaries.get(binary.name, { newest: true })).toEqual(expected);
        expect(binary).toEqual(given);
      });
      await fc.assert(property, { numRuns: 50 });
    });

    test("insert() counts the versions of each name", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();

      const versions = [
        await dao.binaries.insert(sampleBinary("a", 1, { version: 9 })),
        await dao.binaries.insert(sampleBinary("b", 1)),
        await dao.binaries.insert(sampleBinary("a", 2)),
      ].map(nameAndVersion);

      expect(versions).toEqual(["a@1", "b@1", "a@2"]);
    });

    test("insert() of the digest of the newest version returns that one", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const first = await dao.binaries.insert(sampleBinary("a", 1, { entryPoints: ["First"] }));

      expect(await dao.binaries.insert(sampleBinary("a", 1, { entryPoints: ["Second"] }))).toEqual(first);
      expect(await dao.binaries.versions("a", { limit: 10 })).toEqual([first]);
    });

    test("insert() of the digest of an older version adds a version", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      for (const n of [1, 2, 1]) await dao.binaries.insert(sampleBinary("a", n));

      expect((await dao.binaries.versions("a", { limit: 10 })).map(nameAndVersion)).toEqual(["a@3", "a@2", "a@1"]);
      expect((await dao.binaries.get("a", { digest: sampleDigest(1) }))?.version).toBe(3);
    });

    test("numbers of deleted versions are not given again", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      await dao.binaries.insert(sampleBinary("a", 1));
      await dao.binaries.insert(sampleBinary("a", 2));

      await dao.binaries.delete("a", 2);
      expect((await dao.binaries.insert(sampleBinary("a", 3))).version).toBe(3);
      await dao.binaries.delete("a");
      expect((await dao.binaries.insert(sampleBinary("a", 3))).version).toBe(4);
    });

    test("concurrent insert() through two DAOs give each its number", async () => {
      await using backEnd = await createBackEnd();
      await using one = await backEnd.open();
      await using other = await openOther(backEnd, one);

      const inserted = await Promise.all(
        Array.from({ length: 20 }, (_, n) => (n % 2 ? one : other).binaries.insert(sampleBinary("a", n))),
      );

      const versions = inserted.map((binary) => binary.version).sort((a, b) => a - b);
      expect(versions).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    });

    test("get() selects by newest, version and digest", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const first = await dao.binaries.insert(sampleBinary("a", 1));
      const second = await dao.binaries.insert(sampleBinary("a", 2));

      expect(await dao.binaries.get("a", { newest: true })).toEqual(second);
      expect(await dao.binaries.get("a", { version: 1 })).toEqual(first);
      expect(await dao.binaries.get("a", { digest: sampleDigest(2) })).toEqual(second);
      expect(await dao.binaries.get("a", { version: 3 })).toBeUndefined();
      expect(await dao.binaries.get("a", { digest: sampleDigest(3) })).toBeUndefined();
      expect(await dao.binaries.get("b", { newest: true })).toBeUndefined();
    });

    test("list() pages through the newest version of each name, by the bytes of the name", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const newest: Binary[] = [];
      for (const name of namesInByteOrder.toReversed()) {
        await dao.binaries.insert(sampleBinary(name, 1));
        newest.unshift(await dao.binaries.insert(sampleBinary(name, 2)));
      }

      const listed = await readPages(
        (after?: string) => dao.binaries.list({ limit: 3, after }),
        (binary) => binary.name,
      );

      expect(listed).toEqual(newest);
    });

    test("versions() pages newest first", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      for (let n = 1; n <= 12; n++) await dao.binaries.insert(sampleBinary("a", n));
      await dao.binaries.insert(sampleBinary("a b", 1));

      const listed = await readPages(
        (before?: number) => dao.binaries.versions("a", { limit: 5, before }),
        (binary) => binary.version,
      );

      expect(listed.map((binary) => binary.version)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
      expect(await dao.binaries.versions("b", { limit: 5 })).toEqual([]);
    });

    test("delete() of one version returns it and keeps the others", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const first = await dao.binaries.insert(sampleBinary("a", 1));
      const second = await dao.binaries.insert(sampleBinary("a", 2));

      expect(await dao.binaries.delete("a", 2)).toEqual([second]);
      expect(await dao.binaries.delete("a", 2)).toEqual([]);
      expect(await dao.binaries.get("a", { newest: true })).toEqual(first);
    });

    test("delete() of a name returns all its versions", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      for (const n of [1, 2, 3]) await dao.binaries.insert(sampleBinary("a", n));
      await dao.binaries.insert(sampleBinary("b", 1));

      const deleted = await dao.binaries.delete("a");

      expect(deleted.map(nameAndVersion).sort()).toEqual(["a@1", "a@2", "a@3"]);
      expect((await dao.binaries.list({ limit: 10 })).map(nameAndVersion)).toEqual(["b@1"]);
      expect(await dao.binaries.delete("a")).toEqual([]);
    });

    test("uses() finds a binary's own digest, its bundle's and its source map's", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const { digest, bundleDigest, sourceMapDigest } = await dao.binaries.insert(sampleBinary("a", 1));
      const uses = () =>
        Promise.all([digest, bundleDigest, sourceMapDigest, sampleDigest(9)].map((one) => dao.binaries.uses(one)));

      expect(await uses()).toEqual([true, true, true, false]);
      await dao.binaries.delete("a");
      expect(await uses()).toEqual([false, false, false, false]);
    });
  });
}

function nameAndVersion({ name, version }: Binary): string {
  return `${name}@${version}`;
}
