import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Binary_Type } from "../../../proto/mod.ts";
import { type Bundler, createBundler } from "../mod.ts";
import { refusal, runAll, utf8, type ZipEntry, zip } from "../testing/uploads.ts";

let bundler: Bundler;
beforeAll(async () => {
  bundler = createBundler({ limits: { unpackedBytes: 1_000_000, entries: 100 } });
});
afterAll(() => bundler[Symbol.asyncDispose]());

const JOB = { name: "jobs/index.ts", content: "export const job = () => 1;" };
const FILE = 0o100644;

describe("a zip archive", () => {
  test.each([undefined, "application/zip", "application/x-zip-compressed", "application/octet-stream"])(
    "is taken as content of type %s",
    async (contentType) => {
      const { type, bundle, entryPoints } = await bundler.bundle(zip([JOB]), { contentType });
      expect({ type, results: await runAll(bundle, entryPoints) }).toEqual({
        type: Binary_Type.NPM,
        results: { job: 1 },
      });
    },
  );

  test.each<[string, ZipEntry[], string?]>([
    ["files that are not compressed", [{ ...JOB, isStored: true }]],
    [
      "folders, and modes of Unix",
      [
        { name: "jobs/", mode: 0o040755, isStored: true },
        { ...JOB, mode: FILE },
      ],
    ],
    ["backslashes, as Windows writes them", [{ ...JOB, name: "jobs\\index.ts" }]],
    ["sizes of 64 bits", [{ ...JOB, isZip64: true }]],
    ["a comment", [JOB], "made by hand, PK\u0005\u0006 and all"],
    [
      "what macOS packs",
      [JOB, { name: "__MACOSX/jobs/._index.ts", content: "attributes" }, { name: "jobs/.DS_Store" }],
    ],
    ["names of some code page", [JOB, { name: Buffer.from("jobs/l\x81nder.csv", "latin1"), content: "a" }]],
    [
      "links inside of it",
      [
        { name: "jobs/index.ts", content: `export { job } from "dep";`, mode: FILE },
        { name: "jobs/packages/dep/index.js", content: "export const job = () => 1;", mode: FILE },
        { name: "jobs/node_modules/dep", content: "../packages/dep", mode: 0o120777, isStored: true },
        { name: "jobs/node_modules/.bin/dep", content: "/usr/bin/dep", mode: 0o120777, isStored: true },
      ],
    ],
    [
      "a name in UTF-8",
      [
        { ...JOB, content: `export { job } from "./zähler.ts";` },
        { name: "jobs/zähler.ts", content: JOB.content, flags: 0x800 },
      ],
    ],
  ])("may have %s", async (_, entries, comment = "") => {
    const { bundle, entryPoints } = await bundler.bundle(zip(entries, { comment }));
    expect(await runAll(bundle, entryPoints)).toEqual({ job: 1 });
  });

  test.each<[string, ZipEntry[], RegExp]>([
    ["a path that leaves", [{ name: "a/../../evil.ts" }], /leaves the zip archive/],
    ["a path that leaves by backslashes", [{ name: "a\\..\\..\\evil.ts" }], /leaves the zip archive/],
    ["an absolute path", [{ name: "/etc/cron.d/evil" }], /is absolute/],
    ["a drive", [{ name: "C:\\evil.ts" }], /is absolute/],
    ["a share", [{ name: "\\\\host\\share\\evil.ts" }], /is absolute/],
    ["a NUL", [{ name: "a\0b" }], /a control character/],
    [
      "a link that leaves",
      [{ name: "a/l", content: "../../x", mode: 0o120777 }],
      /a symlink to a path that it does not hold/,
    ],
    [
      "an absolute link",
      [{ name: "l", content: "/etc/passwd", mode: 0o120777 }],
      /a symlink to a path that it does not hold/,
    ],
    ["a pipe", [{ name: "pipe", mode: 0o010644 }], /a special file/],
    ["what is encrypted", [{ name: "a.ts", flags: 1 }], /"a.ts", which is encrypted/],
    ["another compression", [{ name: "a.ts", method: 14, isStored: true }], /method 14: only Deflate is supported/],
    ["a wrong checksum", [{ name: "a.ts", content: "x", checksum: 1 }], /"a.ts" differs from its checksum/],
    ["a size that is too small", [{ name: "a.ts", content: "x".repeat(99), sizeBytes: 9 }], /damaged: "a.ts"/],
    ["a size that is too large", [{ name: "a.ts", content: "x", sizeBytes: 9 }], /differs from its checksum/],
    ["more than is unpacked", [{ name: "a.ts", content: "x".repeat(2_000_000) }], /unpacks to more than 1000000 bytes/],
    [
      "one content for many names",
      Array.from({ length: 20 }, (_, i) => ({ name: `${i}`, content: "x".repeat(90_000), isOverlapping: i > 0 })),
      /unpacks to more than 1000000 bytes/,
    ],
    ["too many entries", Array.from({ length: 101 }, (_, i) => ({ name: `${i}` })), /more than 100 entries/],
    ["nothing", [], /holds no files/],
    ["a jar", [{ name: "META-INF/" }, { name: "META-INF/MANIFEST.MF" }, { name: "a/B.class" }], /is a Java archive/],
    ["a wheel", [{ name: "a/b.py" }, { name: "a-1.dist-info/METADATA" }], /is a Python package/],
    ["a document", [{ name: "[Content_Types].xml" }], /is an Office document/],
  ])("with %s is refused", async (_, entries, message) => {
    expect(await refusal(bundler, zip(entries.length === 0 ? [] : [...entries, JOB]))).toMatch(message);
  });

  test.each<[string, (archive: Uint8Array) => Uint8Array, RegExp]>([
    ["cut off", (archive) => archive.subarray(0, -30), /is damaged: it has no end/],
    ["without its beginning", (archive) => archive.with(archive.lastIndexOf(0x50) + 16, 250), /is damaged/],
    ["nothing but a signature", () => utf8("PK\u0003\u0004..."), /is damaged: it has no end/],
  ])("that is %s is refused", async (_, damage, message) => {
    expect(await refusal(bundler, damage(zip([JOB])))).toMatch(message);
  });

  test("that has any byte changed is bundled or refused, and nothing else", async () => {
    const archive = zip([JOB, { name: "jobs/node_modules/x", content: "y", mode: 0o120777 }]);
    const outcomes = new Set<string>();
    for (let at = 0; at < archive.length; at += 3) {
      const changed = archive.with(at, (archive[at] ?? 0) ^ 0xff);
      await bundler.bundle(changed).then(
        () => outcomes.add("bundled"),
        (error) => outcomes.add(error.name),
      );
    }
    expect([...outcomes].sort()).toEqual(["BundleError", "bundled"]);
  });
});
