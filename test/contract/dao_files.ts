import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FileSchema } from "../../proto/mod.ts";
import { arbitraryMessage } from "./arbitrary_message.ts";
import { type DaoBackEnd, openOther } from "./dao_back_end.ts";
import { namesInByteOrder, readPages, sampleDigest, sampleFile } from "./samples.ts";

export function describeFiles(createBackEnd: () => Promise<DaoBackEnd>): void {
  describe("files", () => {
    test("put() keeps every field", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      let n = 0;
      const property = fc.asyncProperty(arbitraryMessage(FileSchema), async (file) => {
        n += 1;
        file.name = `${n}${file.name}`;
        expect(await dao.files.put(file)).toBeUndefined();
        expect(await dao.files.get(file.name)).toEqual(file);
      });
      await fc.assert(property, { numRuns: 50 });
    });

    test("put() replaces a file and returns the old one", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const first = sampleFile("a", { digest: sampleDigest(1) });
      const second = sampleFile("a", { digest: sampleDigest(2) });

      expect(await dao.files.put(first)).toBeUndefined();
      expect(await dao.files.put(second)).toEqual(first);
      expect(await dao.files.get("a")).toEqual(second);
      expect(await dao.files.list({}, { limit: 10 })).toEqual([second]);
      expect(await dao.files.uses(sampleDigest(1))).toBe(false);
    });

    test("insert() stores a file under a free name and changes nothing under a taken one", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      const first = sampleFile("a", { digest: sampleDigest(1) });

      expect(await dao.files.insert(first)).toBeUndefined();
      expect(await dao.files.insert(sampleFile("a", { digest: sampleDigest(2) }))).toEqual(first);
      expect(await dao.files.get("a")).toEqual(first);
      expect(await dao.files.uses(sampleDigest(2))).toBe(false);
      await dao.files.delete("a");
      expect(await dao.files.insert(sampleFile("a", { digest: sampleDigest(2) }))).toBeUndefined();
      expect(await dao.files.uses(sampleDigest(2))).toBe(true);
    });

    test("insert() gives a name to one of several concurrent calls, through every DAO", async () => {
      await using backEnd = await createBackEnd();
      await using one = await backEnd.open();
      await using other = await openOther(backEnd, one);
      const files = Array.from({ length: 20 }, (_, n) => sampleFile("a", { digest: sampleDigest(n) }));

      const taken = await Promise.all(files.map((file, n) => (n % 2 === 0 ? one : other).files.insert(file)));

      const stored = files.filter((_, n) => taken[n] === undefined);
      expect(stored).toHaveLength(1);
      expect(await other.files.get("a")).toEqual(stored[0]);
      expect(taken.filter((file) => file !== undefined)).toEqual(Array.from({ length: 19 }, () => stored[0]));
    });

    test("list() pages by the bytes of the name", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      await Promise.all(namesInByteOrder.toReversed().map((name) => dao.files.put(sampleFile(name))));

      const listed = await readPages(
        (after?: string) => dao.files.list({}, { limit: 4, after }),
        (file) => file.name,
      );

      expect(listed.map((file) => file.name)).toEqual(namesInByteOrder);
    });

    test.each(["a", "a_", "a%", "A", "é", "日", "😀", "\u{fffd}", "b", ""])(
      "list() finds names with prefix %j",
      async (prefix) => {
        await using backEnd = await createBackEnd();
        await using dao = await backEnd.open();
        await Promise.all(namesInByteOrder.map((name) => dao.files.put(sampleFile(name))));

        const listed = await readPages(
          (after?: string) => dao.files.list({ prefix }, { limit: 2, after }),
          (file) => file.name,
        );

        expect(listed.map((file) => file.name)).toEqual(namesInByteOrder.filter((name) => name.startsWith(prefix)));
      },
    );

    test("delete() returns the deleted file", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      await dao.files.put(sampleFile("a/b"));

      expect(await dao.files.delete("a/b")).toEqual(sampleFile("a/b"));
      expect(await dao.files.delete("a/b")).toBeUndefined();
      expect(await dao.files.get("a/b")).toBeUndefined();
    });

    test("uses() finds the digest of any file", async () => {
      await using backEnd = await createBackEnd();
      await using dao = await backEnd.open();
      await dao.files.put(sampleFile("a"));
      await dao.files.put(sampleFile("b"));

      await dao.files.delete("a");
      expect(await dao.files.uses(sampleDigest(1))).toBe(true);
      await dao.files.delete("b");
      expect(await dao.files.uses(sampleDigest(1))).toBe(false);
    });
  });
}
