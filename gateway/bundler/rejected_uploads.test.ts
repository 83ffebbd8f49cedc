import { afterAll, beforeAll, expect, test } from "vitest";
import { type Bundler, createBundler } from "./mod.ts";
import { link, refusal, type TarEntry, tgz } from "./testing/uploads.ts";

let bundler: Bundler;
beforeAll(async () => {
  bundler = createBundler();
});
afterAll(() => bundler[Symbol.asyncDispose]());

test.each<[string, TarEntry[], RegExp]>([
  [
    "through links in a circle",
    [["index.ts", `import "./a/x.ts"; import "./c/x.ts";`], link("a", "b"), link("b", "a"), link("c", "c/c")],
    /Cannot import ".\/a\/x.ts": the upload has no such file/,
  ],
  [
    "of a package that is a link to somewhere else",
    [["jobs/index.ts", `import "@org/lib";`], link("jobs/node_modules/@org/lib", "../../../../packages/lib")],
    /node_modules\/@org\/lib is a link to "..\/..\/..\/..\/packages\/lib", outside of the upload; pack a folder that holds both/,
  ],
  [
    "of a package in node_modules that are a link to somewhere else",
    [["jobs/index.ts", `import "@org/lib";`], link("jobs/node_modules", "../../node_modules")],
    /node_modules is a link to "..\/..\/node_modules", outside of the upload; pack a folder that holds both/,
  ],
  [
    "of a package whose scope is a link to somewhere else",
    [["jobs/index.ts", `import "@org/lib";`], link("jobs/node_modules/@org", "/opt/packages")],
    /node_modules\/@org is a link to "\/opt\/packages", outside of the upload/,
  ],
  [
    "of what Yarn keeps in archives",
    [
      ["index.ts", `import "dep";`],
      [".pnp.cjs", ""],
    ],
    /let Yarn make it with "nodeLinker: node-modules"/,
  ],
  [
    "of types alone",
    [
      ["index.ts", `export * from "./types";`],
      ["types.d.ts", "export interface A {}"],
    ],
    /the upload has types.d.ts, which has types only/,
  ],
  [
    "that an import map leads in a circle",
    [
      ["index.ts", `import "a";`],
      ["deno.json", `{"imports": {"a": "b", "b": "a"}}`],
    ],
    /Cannot import "b": the upload has no node_modules\/b/,
  ],
])("an import %s is refused with the reason", async (_, entries, message) => {
  expect(await refusal(bundler, await tgz(entries))).toMatch(message);
});

test("a folder without an entry is refused with what was looked for and what is there", async () => {
  const files: TarEntry[] = ["a.ts", "b.ts", "README.md", "node_modules/dep/index.js"].map((name) => [name, ""]);
  expect(await refusal(bundler, await tgz(files))).toBe(
    'The upload has no entry: looked for package.json ("exports", "module" or "main"), index, mod, main with .ts, .js or a similar extension, and the same in src/; it holds a.ts, b.ts',
  );
  expect(await refusal(bundler, await tgz([["types/index.d.ts", "export {};"]]))).toMatch(
    /it holds index.d.ts; files that end in .d.ts have types only$/,
  );
});

test("an entry that was not built is refused with that reason", async () => {
  const files: TarEntry[] = [
    ["package.json", `{\n"main": "dist/index.js"}`],
    ["src/index.ts", "export const job = () => 1;"],
  ];
  expect(await refusal(bundler, await tgz(files))).toBe(
    'package.json:2: The upload has no file "dist/index.js": build the program before it is packed, or name its source',
  );
});

test("of two entries the one that is taken is named", async () => {
  const { entryPoints, warnings } = await bundler.bundle(
    await tgz([
      ["main.ts", "export const other = () => 1;"],
      ["index.ts", "export const job = () => 1;"],
    ]),
  );
  expect({ entryPoints, warnings }).toEqual({
    entryPoints: ["job"],
    warnings: [
      'The entry is index.ts, and not main.ts: name the one that you mean in package.json ("main" or "exports")',
    ],
  });
});

test("a sparse file is refused with what to do", async () => {
  const content = await tgz([
    ["index.ts", "export const job = () => 1;"],
    [{ name: "data.bin", pax: { "GNU.sparse.major": "1" } }, "0\n"],
  ]);
  expect(await refusal(bundler, content)).toMatch(/"data.bin", a sparse file \(pack it without --sparse\)/);
});
