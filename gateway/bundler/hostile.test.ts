import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { type Pack, pack } from "tar-stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BundleError, type Bundler, type BundlerLimits, createBundler } from "./mod.ts";

let bundler: Bundler;
beforeAll(async () => {
  bundler = createBundler();
});
afterAll(() => bundler[Symbol.asyncDispose]());

type HeaderArgument = Parameters<Pack["entry"]>[0];

const utf8 = (text: string) => new TextEncoder().encode(text);
const HARMLESS = utf8("export const job = () => 1;");

async function tarball(entries: [HeaderArgument, string][]): Promise<Uint8Array> {
  const tar = pack();
  for (const [header, content] of entries) tar.entry(header, content);
  tar.finalize();
  return gzipSync(await buffer(tar));
}

/** The error message of a rejected upload. Checks that the bundler still works afterwards. */
async function refusal(content: Uint8Array, on = bundler): Promise<string> {
  const error: unknown = await on.bundle(content).then(
    ({ bundle }) => new Error(`It was bundled: ${bundle}`),
    (thrown) => thrown,
  );
  if (!(error instanceof BundleError)) throw error;
  await expect(on.bundle(HARMLESS)).resolves.toHaveProperty("entryPoints", ["job"]);
  return error.message;
}

test.each([
  [`import "/etc/passwd"`, /^main.ts:2:8: Cannot import "\/etc\/passwd": an absolute path is outside/],
  [`import x from "/etc/hostname" with { type: "text" }; export { x }`, /^main.ts:2:15: .*an absolute path/],
  [`import x from "/srv/package.json" with { type: "json" }; export { x }`, /^main.ts:2:15: .*an absolute path/],
  [`import x from "../../package.json"; export { x }`, /^main.ts:2:15: .*the path leaves the upload/],
  [`import x from "./a/../../package.json"; export { x }`, /the path leaves the upload/],
  [`import x from ".."; export { x }`, /the path leaves the upload/],
  [`import x from "./package.json"; export { x }`, /the upload has no such file/],
  [`import x from "file:///etc/passwd"; export { x }`, /a URL is not fetched/],
  [`import x from "https://example.com/x.js"; export { x }`, /a URL is not fetched/],
  [`import x from "data:text/javascript,export default 1"; export { x }`, /a URL is not fetched/],
  [`import x from "npm:lodash"; export { x }`, /a URL is not fetched/],
  [`import x from "jsr:@std/path"; export { x }`, /a URL is not fetched/],
  [`import x from "C:\\\\boot.ini"; export { x }`, /a URL is not fetched/],
  [`export const load = () => import("/etc/passwd");`, /an absolute path/],
  [`export const load = () => import("/etc/passwd").catch(() => 1);`, /an absolute path/],
  [`export const load = () => { try { return require("/etc/passwd") } catch {} };`, /an absolute path/],
  [`import x from "esbuild"; export { x }`, /the upload has no node_modules\/esbuild/],
  [`import x from ""; export { x }`, /not a module name/],
  [`import x from "node:nothing"; export { x }`, /no such built-in module/],
  [`import x from "#x"; export { x }`, /no package.json of the upload/],
  [`import { Job } from "hearth"; export const x = new Job();`, /has types only.*import type/],
  [`import x from "./main.ts" with { type: "css" }; export { x }`, /Cannot tell how to load/],
  [`import x from "./main.ts" with { from: "css" }; export { x }`, /import attribute "from"/],
])("an import that leaves the upload is refused, with its place: %s", async (source, message) => {
  expect(await refusal(utf8(`// first line\n${source}\n`))).toMatch(message);
});

test.each<[string, HeaderArgument, RegExp]>([
  ["a path that leaves", { name: "../evil.ts" }, /leaves the tarball/],
  ["a path that leaves midway", { name: "a/../../evil.ts" }, /leaves the tarball/],
  ["an absolute path", { name: "/etc/cron.d/evil" }, /is absolute/],
  ["a drive", { name: "C:/evil" }, /is absolute/],
  ["a backslash", { name: "a\\..\\evil" }, /a backslash/],
  ["a newline", { name: "a\nb" }, /a control character/],
  ["a NUL", { name: `${"x".repeat(100)}/a`, pax: { path: "a\0b" } }, /a control character/],
  [
    "an absolute link",
    { name: "link.ts", type: "symlink", linkname: "/etc/passwd" },
    /a symlink to a path that it does not hold/,
  ],
  [
    "a link that leaves",
    { name: "a/link", type: "symlink", linkname: "../../etc" },
    /a symlink to a path that it does not hold/,
  ],
  [
    "a hard link to no file",
    { name: "a.ts", type: "link", linkname: "etc/passwd" },
    /a link to an entry that it does not hold/,
  ],
  [
    "a hard link that leaves",
    { name: "a.ts", type: "link", linkname: "../index.ts" },
    /a link to an entry that it does not hold/,
  ],
  ["a device", { name: "null", type: "character-device", devmajor: 1, devminor: 3 }, /a character-device: only files/],
  ["a pipe", { name: "pipe", type: "fifo" }, /a fifo: only files/],
  ["too deep a folder", { name: `${"d/".repeat(40)}x.ts` }, /more than 32 segments/],
  ["too long a name", { name: "n".repeat(600) }, /longer than 512/],
])("a tarball with %s is refused", async (_, header, message) => {
  expect(
    await refusal(
      await tarball([
        [{ name: "index.ts" }, "export const job = () => 1"],
        [header, ""],
      ]),
    ),
  ).toMatch(message);
});

test("a tarball's main cannot point outside", async () => {
  for (const manifest of [`{"main": "../../../etc/passwd"}`, `{"exports": "/etc/passwd"}`, `{"module": ".."}`]) {
    expect(await refusal(await tarball([[{ name: "package.json" }, manifest]]))).toMatch(
      /package.json:1: The upload has no file/,
    );
  }
});

test("a dependency's exports cannot point outside of it", async () => {
  const content = await tarball([
    [{ name: "index.ts" }, `export * from "dep";`],
    [{ name: "secret.ts" }, "export const secret = 1;"],
    [{ name: "node_modules/dep/package.json" }, `{"exports": "./../../../../etc/passwd"}`],
  ]);
  expect(await refusal(content)).toMatch(/^index.ts:1:15: Cannot import "dep"/);
});

test("a tsconfig.json, a source map comment and a jsx pragma reach nothing", async () => {
  const { bundle, sourceMap } = await bundler.bundle(
    await tarball([
      [{ name: "tsconfig.json" }, `{"extends": "/etc/passwd", "compilerOptions": {"paths": {"x": ["/etc/passwd"]}}}`],
      [
        { name: "index.ts" },
        `/** @jsxImportSource /etc/passwd */\nimport "./of_root.ts"; import "./of_folder.ts"; import "./of_file.ts";
export const job = () => 1;\n//# sourceMappingURL=../../../../etc/passwd`,
      ],
      [{ name: "of_root.ts" }, "globalThis.a = 1;\n//# sourceMappingURL=/"],
      [{ name: "of_folder.ts" }, "globalThis.b = 1;\n//# sourceMappingURL=."],
      [{ name: "of_file.ts" }, "globalThis.c = 1;\n//# sourceMappingURL=of_folder.ts"],
    ]),
  );
  expect(bundle + sourceMap).not.toContain("root:");
  expect(JSON.parse(sourceMap).sources).toEqual(["of_root.ts", "of_folder.ts", "of_file.ts", "index.ts"]);
});

test("a file of a tarball that is not UTF-8 is refused", async () => {
  const tar = pack();
  tar.entry({ name: "index.ts" }, `import text from "./t.txt"; export { text };`);
  tar.entry({ name: "t.txt" }, Buffer.from([0xc3, 0x28]));
  tar.finalize();
  expect(await refusal(gzipSync(await buffer(tar)))).toMatch(/"t.txt" is not UTF-8 text/);
});

test("names of Object.prototype are names like others", async () => {
  const content = await tarball([
    [
      { name: "package.json" },
      `{"__proto__": {"polluted": 1}, "exports": {".": "./__proto__.ts", "./constructor": "./b.ts"}}`,
    ],
    [{ name: "__proto__.ts" }, `export const toString = () => 1; const p = () => 2; export { p as "__proto__" };`],
    [{ name: "b.ts" }, "export const valueOf = () => 1;"],
  ]);
  expect(await bundler.bundle(content)).toHaveProperty("entryPoints", ["__proto__", "toString", "constructor#valueOf"]);
});

test.each([
  ["cut off", (tar: Uint8Array) => gzipSync(tar.subarray(0, 700)), /The tarball is damaged/],
  ["not a tarball", () => gzipSync("no tarball, but long enough to be one. ".repeat(100)), /The tarball is damaged/],
  ["empty", () => gzipSync(new Uint8Array(1024)), /holds no files/],
  ["cut off in the gzip stream", (tar: Uint8Array) => gzipSync(tar).subarray(0, 60), /The gzip stream is damaged/],
])("a tarball that is %s is refused", async (_, damage, message) => {
  const tar = pack();
  tar.entry({ name: "index.ts" }, "export const job = () => 1;".repeat(50));
  tar.finalize();
  expect(await refusal(damage(await buffer(tar)))).toMatch(message);
});

async function withLimits<T>(limits: Partial<BundlerLimits>, use: (bundler: Bundler) => Promise<T>): Promise<T> {
  await using limited = createBundler({ limits });
  return await use(limited);
}

test("a gzip bomb stops at the limit of unpacked bytes", async () => {
  const bomb = gzipSync(new Uint8Array(300 * 1024 * 1024));
  expect(bomb.length).toBeLessThan(400_000);
  expect(await refusal(bomb)).toMatch(/unpacks to more than 134217728 bytes/);
});

test("the upload, the entries of a tarball and the bundle are bounded", async () => {
  const files: [HeaderArgument, string][] = Array.from({ length: 20 }, (_, i) => [{ name: `${i}.ts` }, ""]);
  await withLimits({ entries: 10, uploadBytes: 5000, bundleBytes: 2000 }, async (limited) => {
    expect(await refusal(utf8(" ".repeat(5001)), limited)).toMatch(/has 5001 bytes, more than 5000/);
    expect(await refusal(await tarball(files), limited)).toMatch(/more than 10 entries/);
    expect(await refusal(utf8(`export const s = () => "${"x".repeat(2000)}";`), limited)).toMatch(
      /more than 2000 bytes/,
    );
  });
});

test("two hundred faults are told as twenty, long ones are cut", async () => {
  const long = "x".repeat(2000);
  const source = Array.from({ length: 200 }, (_, i) => `import "./${long}${i}";`).join("\n");
  const error: unknown = await bundler.bundle(utf8(source)).catch((thrown: unknown) => thrown);
  if (!(error instanceof BundleError)) throw error;
  expect(error.problems).toHaveLength(20);
  expect(error.message.length).toBeLessThan(1000);
});

/** esbuild inlines the strings of an enum: each member is twice the one before. */
const DOUBLING = `enum E { a0 = "0123456789abcdef", ${Array.from({ length: 60 }, (_, i) => `a${i + 1} = a${i} + a${i}`).join(", ")} }
export const job = E.a60;`;

/** Twice the memory that esbuild itself needs, so that only the upload can exceed it. */
const MEMORY = 512 * 1024 * 1024;

test("an upload that grows without end in the bundler loses to the memory limit", async () => {
  expect(await withLimits({ memoryBytes: MEMORY }, (limited) => refusal(utf8(DOUBLING), limited))).toMatch(
    /most likely for want of memory|took more than/,
  );
});

test("an upload that nests without end is refused", async () => {
  const nested = `export const job = ${"(".repeat(5_000_000)}1`;
  expect(await refusal(utf8(nested))).toMatch(/nests too deep|want of memory|took more than/);
});

test("an upload that takes too long loses its worker, and the next one gets another", async () => {
  const long = Array.from({ length: 200_000 }, (_, i) => `export const job${i} = { run: () => ${i} };`).join("\n");
  await withLimits({ timeoutMs: 1500 }, async (limited) => {
    expect(await refusal(utf8(long), limited)).toMatch(/Bundling took more than 1500 ms/);
  });
});
