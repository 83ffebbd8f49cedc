import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { type Pack, pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { QueueFullError } from "../../lib/async/mod.ts";
import { Binary_Type } from "../../proto/mod.ts";
import { BundleError, type Bundler, createBundler } from "./mod.ts";

let bundler: Bundler;
beforeAll(async () => {
  bundler = createBundler();
});
afterAll(() => bundler[Symbol.asyncDispose]());

type HeaderArgument = Parameters<Pack["entry"]>[0];

const utf8 = (text: string) => new TextEncoder().encode(text);

async function tarball(files: Record<string, string | Uint8Array>, odd: HeaderArgument[] = []): Promise<Uint8Array> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
  for (const header of odd) tar.entry(header, "");
  tar.finalize();
  return gzipSync(await buffer(tar));
}

/** Imports a bundle as a module. */
function run(bundle: string): Promise<Record<string, unknown>> {
  return import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(bundle).toString("base64")}`);
}

/** The problems of a rejected upload. */
async function problemsOf(content: Uint8Array | Promise<Uint8Array>, contentType?: string) {
  const error: unknown = await bundler.bundle(await content, { contentType }).then(
    () => new Error("It was bundled"),
    (refusal) => refusal,
  );
  if (!(error instanceof BundleError)) throw error;
  return error.problems;
}

describe("one file", () => {
  test("may use decorators, which the sandbox does not know", async () => {
    const source = `const twice = (value: () => number) => () => 2 * value();
class Box { @twice size() { return 21; } }
export const job = () => new Box().size();`;
    const { bundle } = await bundler.bundle(utf8(source));
    expect((await run(bundle)).job).toSatisfy((job: () => number) => job() === 42);
  });

  test("has no entry point in its manifest", async () => {
    const source = "export const manifest = { permissions: { net: [] } }; export const job = () => 1;";
    const { bundle, entryPoints } = await bundler.bundle(utf8(source));
    expect(entryPoints).toEqual(["job"]);
    expect(await run(bundle)).toHaveProperty("manifest");
    expect(bundle).toMatch(/\n\/\/# manifests=\{"":\{"permissions":\{"net":\[\]\}\}\}\n$/);
  });

  test.each([
    [
      "under another name",
      `const needs = { a: [1, true, null] }; export { needs as manifest };`,
      { a: [1, true, null] },
    ],
    ["with a type", `export const manifest = { "a b": "\u2028" } as const satisfies object;`, { "a b": "\u2028" }],
    ["with a key of the prototype", `export const manifest = { "__proto__": 1 };`, JSON.parse(`{"__proto__":1}`)],
    ["not at all", "export const job = () => `\n//# manifests={}`;", undefined],
  ])("may say what it needs %s", async (_, source, manifest) => {
    const { bundle } = await bundler.bundle(utf8(`${source} export const other = () => 1;`));
    await run(bundle);
    const line = bundle.split("\n").at(-2) ?? "";
    expect(JSON.parse(line.slice("//# manifests=".length))).toEqual(manifest === undefined ? {} : { "": manifest });
  });

  test.each([
    "() => {}",
    "JSON.parse('{}')",
    "{ permissions: { net: [HOST] } }",
    "{ ...{} }",
    "{ get permissions() { return 1; } }",
    "[...[]]",
    "[,]",
    "/x/",
    "1n",
  ])("is refused when its manifest is %s, no literal", async (manifest) => {
    const source = `const HOST = globalThis.host; export const manifest = ${manifest}; export const job = () => 1;`;
    expect(await problemsOf(utf8(source))).toEqual([
      { file: "main.ts", text: expect.stringMatching(/^The export "manifest" must be a literal/) },
    ]);
  });

  test("is TypeScript whose types are erased, with a source map in the author's names", async () => {
    const source = `import type { Job } from "hearth";
import { Other } from "hearth";
enum Size { Small = 1 }
export interface Unseen {}
export const WordCount: Job = { run: () => Size.Small as Other };
export function twice(n: number): number { return n * 2; }
export default () => "made";
`;
    const { type, bundle, sourceMap, entryPoints } = await bundler.bundle(utf8(source));
    expect({ type, entryPoints }).toEqual({
      type: Binary_Type.TYPESCRIPT,
      entryPoints: ["WordCount", "default", "twice"],
    });
    expect(JSON.parse(sourceMap)).toMatchObject({ version: 3, sources: ["main.ts"], sourcesContent: [source] });
    const module = await run(bundle);
    expect(module.twice).toHaveProperty("name", "twice");
    expect(module).toMatchObject({ WordCount: { run: expect.any(Function) }, default: expect.any(Function) });
  });

  test("that comes as JavaScript is main.js", async () => {
    const { sourceMap, type } = await bundler.bundle(utf8("export const f = (a, b, c) => a < b > (c);"), {
      contentType: "text/javascript; charset=utf-8",
    });
    expect([type, JSON.parse(sourceMap).sources]).toEqual([Binary_Type.TYPESCRIPT, ["main.js"]]);
  });

  test("may import what Deno has built in, and leaves an import that is computed to the sandbox", async () => {
    const { bundle } = await bundler.bundle(
      utf8(`import { createHash } from "node:crypto";
import { basename } from "path";
export const sha = (s: string) => createHash("sha256").update(basename(s)).digest("hex");
export const load = (name: string) => import(name);`),
    );
    expect(bundle).toMatch(/from "node:crypto"/);
    expect(bundle).toMatch(/from "node:path"/);
    expect(bundle).toMatch(/import\(name\)/);
  });

  test("gives the same bytes each time", async () => {
    const source = utf8("export const b = () => 1, a = 2;");
    expect(await bundler.bundle(source)).toEqual(await bundler.bundle(source));
  });

  test("with a fault tells file, line, column and text", async () => {
    expect(await problemsOf(utf8('export const é = "é" + ;\n'))).toEqual([
      { file: "main.ts", line: 1, column: 24, text: 'Unexpected ";"' },
    ]);
    await expect(bundler.bundle(utf8("export const a = () => 1;\nlet a;"))).rejects.toThrow(
      'main.ts:2:5: The symbol "a" has already been declared',
    );
  });

  test.each([
    ["not UTF-8", new Uint8Array([0x65, 0xff, 0xfe]), undefined, /Neither UTF-8 text nor a gzip tarball/],
    ["a NUL", utf8("export const a = () => 1;\0"), undefined, /Neither UTF-8 text nor a gzip tarball/],
    ["text that says it is gzip", utf8("export const a = () => 1"), "application/gzip", /the bytes are not gzip/],
    ["nothing", new Uint8Array(), undefined, /Nothing is exported/],
    ["only types", utf8("export type A = 1; export interface B {}"), undefined, /Nothing is exported/],
    ["CommonJS without a name", utf8("const a = 1"), undefined, /Nothing is exported/],
  ])("is refused when it is %s", async (_, content, contentType, text) => {
    expect(await problemsOf(content, contentType)).toEqual([
      expect.objectContaining({ text: expect.stringMatching(text) }),
    ]);
  });
});

describe("a tarball", () => {
  test("is entered at each of its exports", async () => {
    const content = await tarball({
      "package/package.json": JSON.stringify({
        exports: {
          "./reports": { types: "./reports.d.ts", import: "./src/reports.ts" },
          "./deep/er": ["./src/deep.js"],
          ".": "./src/main.ts",
          "./hidden": null,
          "./package.json": "./package.json",
        },
      }),
      "package/src/main.ts": `export * from "./shared.js"; export default () => 7; export { type T, b } from "./reports";`,
      "package/src/shared.ts": "export const a = () => 1;",
      "package/src/reports.ts": `import data from "./data.json" with { type: "json" }; import text from "./note.md" with { type: "text" };
        export interface T {} export const b = () => data.n; export const note = () => text; export default () => "report";`,
      "package/src/data.json": `{"n": 5}`,
      "package/src/note.md": "# hi",
      "package/src/deep.js": "export function f() {}",
    });
    const { type, bundle, sourceMap, entryPoints } = await bundler.bundle(content, { contentType: "application/gzip" });
    expect({ type, entryPoints }).toEqual({
      type: Binary_Type.NPM,
      entryPoints: ["a", "b", "default", "deep/er#f", "reports#b", "reports#default", "reports#note"],
    });
    const { a, default: main, reports, "deep/er": deeper } = await run(bundle);
    expect([a, main].map((job) => (job as () => unknown)())).toEqual([1, 7]);
    expect(Object.entries(reports as object).map(([name, job]) => [name, job()])).toEqual([
      ["b", 5],
      ["default", "report"],
      ["note", "# hi"],
    ]);
    expect(deeper).toHaveProperty("f", expect.any(Function));
    expect(JSON.parse(sourceMap).sources).toContain("src/main.ts");
  });

  test.each<[string, Record<string, string>]>([
    ["exports, a string", { "package.json": `{"exports": "./a.ts"}`, "a.ts": "export const job = () => 1" }],
    [
      "exports by condition",
      { "package.json": `{"exports": {"browser": "./no.js", "deno": "./a.ts"}}`, "a.ts": "export const job = () => 1" },
    ],
    [
      "module before main",
      { "package.json": `{"main": "no.cjs", "module": "lib/a"}`, "lib/a.mjs": "export const job = () => 1" },
    ],
    ["main, a folder", { "package.json": `{"main": "lib"}`, "lib/index.js": "export const job = () => 1" }],
    ["index.ts", { "package.json": "{}", "index.ts": "export const job = () => 1" }],
    ["main.ts without package.json", { "main.ts": "export const job = () => 1" }],
    ["mod.ts under ./", { "./mod.ts": "export const job = () => 1" }],
    ["a folder of another name", { "x-1.0/package.json": "{}", "x-1.0/index.ts": "export const job = () => 1" }],
  ])("finds its entry by %s", async (_, files) => {
    expect((await bundler.bundle(await tarball(files))).entryPoints).toEqual(["job"]);
  });

  test("brings its dependencies under node_modules", async () => {
    const { bundle, entryPoints } = await bundler.bundle(
      await tarball({
        "package/index.ts": `import { pad } from "left"; import emitter from "@scope/old/lib"; import { own } from "#own";
          export const out = () => [pad("x"), new emitter().on.name, own()];`,
        "package/package.json": `{"imports": {"#own": "./own.ts"}}`,
        "package/own.ts": "export const own = () => 3;",
        "package/node_modules/left/package.json": `{"exports": {".": {"import": "./e.mjs", "require": "./c.cjs"}, "./in/*": "./in/*.js"}}`,
        "package/node_modules/left/e.mjs": `export { pad } from "left2"; `,
        "package/node_modules/left/node_modules/left2/package.json": `{"main": "./l"}`,
        "package/node_modules/left/node_modules/left2/l.js": `export const pad = (s) => " " + s;`,
        "package/node_modules/@scope/old/lib.js": `
          let absent; try { absent = require("optional-thing"); } catch { absent = "absent"; }
          const Emitter = require("events"); const util = require("node:util");
          module.exports = class extends Emitter { on() { return util.inspect(absent) + process.env.NODE_ENV; } };`,
      }),
    );
    expect(entryPoints).toEqual(["out"]);
    expect((await run(bundle)).out).toSatisfy((out: () => unknown) => `${out()}` === " x,on,3");
  });

  test("with a fault in its package.json is refused with the place", async () => {
    expect(await problemsOf(tarball({ "package.json": '{\n  "main": }', "index.ts": "" }))).toEqual([
      { file: "package.json", line: 2, column: 11, text: 'Unexpected "}" in JSON' },
    ]);
    expect(
      await problemsOf(tarball({ "package.json": '{\n"exports": {\n"./a": "./gone.ts"} }', "index.ts": "" })),
    ).toEqual([{ file: "package.json", line: 3, text: 'The upload has no file "./gone.ts"' }]);
    expect(await problemsOf(tarball({ "package.json": '{"exports": {"./*": "./src/*.ts"}}' }))).toEqual([
      { file: "package.json", line: 1, text: 'Cannot list what "./*" exports: name each subpath' },
    ]);
    expect(
      await problemsOf(
        tarball({
          "package.json": '{"exports": {".": "./a.ts", "./b": "./a.ts"}}',
          "a.ts": "export const b = () => 1",
        }),
      ),
    ).toEqual([{ text: 'Both "." and "./b" export "b": rename one of them' }]);
    expect(await problemsOf(tarball({ "README.md": "no code" }))).toEqual([
      { text: expect.stringContaining("The upload has no entry") },
    ]);
  });
});

describe("turns", () => {
  test("are taken by as many as there are workers, waited for by as many as the queue holds", async () => {
    await using small = createBundler({ workers: 1, queue: 1 });
    const source = utf8("export const a = () => 1;");
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => small.bundle(source)));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect(outcomes[2]).toHaveProperty("reason", expect.any(QueueFullError));
    await expect(small.bundle(source)).resolves.toHaveProperty("entryPoints", ["a"]);
  });

  test("end with the signal's reason", async () => {
    const reason = new Error("The client left");
    await expect(bundler.bundle(utf8("export const a = () => 1;"), { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    const leaving = new AbortController();
    const left = bundler.bundle(utf8("export const a = () => 1;"), { signal: leaving.signal });
    leaving.abort(reason);
    await expect(left).rejects.toBe(reason);
    await expect(bundler.bundle(utf8("export const a = () => 1;"))).resolves.toHaveProperty("entryPoints", ["a"]);
  });

  test("end when the bundler is disposed", async () => {
    const closing = createBundler({ workers: 1 });
    const outcomes = [1, 2].map(() =>
      closing.bundle(utf8("export const a = () => 1;")).catch((error) => error.message),
    );
    await closing[Symbol.asyncDispose]();
    expect(await Promise.all(outcomes)).toEqual(["The bundler is closed", "The bundler is closed"]);
  });
});
