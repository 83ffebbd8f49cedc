import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bundler, createBundler } from "../mod.ts";
import { refusal, runAll, tgz, utf8 } from "../testing/uploads.ts";

let bundler: Bundler;
beforeAll(async () => {
  bundler = createBundler();
});
afterAll(() => bundler[Symbol.asyncDispose]());

async function bundled(files: Record<string, string>) {
  const { bundle, entryPoints, warnings, sourceMap } = await bundler.bundle(await tgz(Object.entries(files)));
  return { results: await runAll(bundle, entryPoints), warnings, sourceMap };
}

/** Shows which decorators are compiled: legacy ones receive the name of the member, standard ones a context. */
const DECORATED = `const seen: string[] = []; function mark(_: unknown, second: any) { seen.push(typeof second); }
class Box { @mark size() { return 1; } } export const decorators = () => seen.join();`;

/** Shows which fields are compiled: a standard field hides the value that the superclass set. */
const FIELDS = `class Base { constructor() { (this as any).value = 1; } } class Own extends Base { declare other: number; value: any; }
export const fields = () => String(new Own().value);`;

describe("the tsconfig.json of an upload", () => {
  test.each<[string, unknown, Record<string, unknown>]>([
    ["nothing", {}, { decorators: "object", fields: "undefined" }],
    ["experimentalDecorators", { experimentalDecorators: true }, { decorators: "string", fields: "undefined" }],
    ["useDefineForClassFields", { useDefineForClassFields: false }, { decorators: "object", fields: "1" }],
    ["target", { target: "ES2020" }, { decorators: "object", fields: "1" }],
  ])("that sets %s is heeded", async (_, compilerOptions, expected) => {
    const files = { "tsconfig.json": JSON.stringify({ compilerOptions }), "index.ts": `${DECORATED}\n${FIELDS}` };
    expect(await bundled(files)).toMatchObject({ results: expected, warnings: [] });
  });

  test("leads imports by paths, the most exact first, and by baseUrl", async () => {
    const { results, warnings } = await bundled({
      "tsconfig.json": `{ // as an editor writes it
        "compilerOptions": { "baseUrl": ".", "paths": { "@/*": ["./none/*", "./src/*"], "@/lib/*": ["src/deep/*"], "one": ["src/one.ts"], }, },
      }`,
      "index.ts": `import { a } from "@/a"; import { b } from "@/lib/b.js"; import { one } from "one"; import { c } from "src/c";
        import { two } from "two"; export const job = () => [a, b, one, c, two].join("");`,
      "src/a.ts": "export const a = 'a';",
      "src/deep/b.tsx": "export const b = 'b';",
      "src/one.ts": "export const one = '1';",
      "src/c/index.ts": "export const c = 'c';",
      "node_modules/two/index.js": "export const two = '2';",
      "node_modules/one/index.js": "throw new Error('not this one');",
    });
    expect({ results, warnings }).toEqual({ results: { job: "ab1c2" }, warnings: [] });
  });

  test("heeds what it extends: files and packages, the last one first", async () => {
    const { results } = await bundled({
      "tsconfig.json": `{"extends": ["@org/base", "./config/strict"], "compilerOptions": {"strict": true}}`,
      "node_modules/@org/base/tsconfig.json": `{"compilerOptions": {"experimentalDecorators": true, "target": "ES2024"}}`,
      "config/strict.json": `{"extends": "./paths.json", "compilerOptions": {"target": "ES2019"}}`,
      "config/paths.json": `{"compilerOptions": {"paths": {"~/*": ["../lib/*"]}}}`,
      "lib/a.ts": "export const a = () => 'a';",
      "index.ts": `export { a } from "~/a";\n${DECORATED}\n${FIELDS}`,
    });
    expect(results).toEqual({ a: "a", decorators: "string", fields: "1" });
  });

  test("is one for each package, also in a workspace and in node_modules", async () => {
    const { results, warnings, sourceMap } = await bundled({
      "package.json": `{"main": "apps/jobs/main.ts"}`,
      "tsconfig.json": `{"compilerOptions": {"useDefineForClassFields": false}}`,
      "apps/jobs/main.ts": `export * as dep from "dep"; export * as lib from "../../lib/index.ts";\n${DECORATED}\n${FIELDS}`,
      "lib/tsconfig.json": `{"compilerOptions": {"experimentalDecorators": true}}`,
      "lib/index.ts": `import { word, type Word } from "./words.ts"; export { word, Word };\n${DECORATED}\n${FIELDS}`,
      "lib/words.ts": "export type Word = string; export const word = (): Word => 'word';",
      "node_modules/dep/package.json": `{"main": "src/index.ts"}`,
      "node_modules/dep/tsconfig.json": `{"compilerOptions": {"experimentalDecorators": true, "paths": {"#lib/*": ["./lib/*"], "@lib/*": ["./lib/*"]}}}`,
      "node_modules/dep/src/index.ts": `export { inner } from "@lib/inner";\n${DECORATED}\n${FIELDS}`,
      "node_modules/dep/lib/inner.ts": "export const inner = () => 'inner';",
    });
    expect({ results, warnings }).toEqual({
      results: {
        ...{ decorators: "object", "dep#decorators": "string", "dep#fields": "undefined", "dep#inner": "inner" },
        ...{ fields: "1", "lib#decorators": "string", "lib#fields": "undefined", "lib#word": "word" },
      },
      warnings: [],
    });
    expect(JSON.parse(sourceMap).sources).toContain("lib/index.ts");
  });

  test("says what of it does not apply", async () => {
    const { warnings } = await bundled({
      "tsconfig.json": `{"extends": "../../tsconfig.base.json", "compilerOptions": {"emitDecoratorMetadata": true, "experimentalDecorators": true}}`,
      "index.ts": `export { quiet } from "dep";\n${DECORATED}`,
      "node_modules/dep/tsconfig.json": `{"compilerOptions": {"emitDecoratorMetadata": true, "rootDirs": ["a", "b"]}}`,
      "node_modules/dep/index.ts": "export const quiet = () => 1;",
      "unused/tsconfig.json": `{"extends": "./none.json"}`,
    });
    expect(warnings).toEqual([
      'tsconfig.json extends "../../tsconfig.base.json", which the upload does not have: its options are not applied',
      'tsconfig.json sets "emitDecoratorMetadata", which is not supported: the program runs without it',
      'node_modules/dep/tsconfig.json sets "rootDirs", which is not supported: the program runs without it',
    ]);
  });

  test("may have comments anywhere, as `tsc --init` writes them", async () => {
    const text = `{"compilerOptions":{"strict":true, /* x */ "experimentalDecorators":true, /* y */ // z\n } /* " */ }`;
    const { results, warnings } = await bundled({ "tsconfig.json": text, "index.ts": DECORATED });
    expect({ results, warnings }).toEqual({ results: { decorators: "string" }, warnings: [] });
  });

  test("is read in a time that grows with its length", async () => {
    for (const text of [
      "/*".repeat(500_000),
      `"\\`.repeat(500_000),
      `,/* */`.repeat(500_000),
      " ,  ".repeat(500_000),
    ]) {
      const { results } = await bundled({ "tsconfig.json": `{${text}`, "index.ts": "export const job = () => 1;" });
      expect(results).toEqual({ job: 1 });
    }
  });

  test("that cannot be read is named in a warning, also when another extends it", async () => {
    const { results, warnings } = await bundled({
      "tsconfig.json": `{"extends": "./base.json"}`,
      "base.json": `{"compilerOptions": {`,
      "index.ts": "export const job = () => 1;",
    });
    expect({ results, warnings }).toEqual({
      results: { job: 1 },
      warnings: ["base.json is not a JSON object: its options are not applied"],
    });
  });

  test("that cannot be read is named where a name leads nowhere", async () => {
    const files = { "tsconfig.json": "{", "index.ts": `import "~/a"; export const job = () => 1;`, "a.ts": "" };
    expect(await refusal(bundler, await tgz(Object.entries(files)))).toMatch(
      /no node_modules\/~; tsconfig.json, which may lead elsewhere, is not a JSON object$/,
    );
  });

  test("that is wrong, or extends itself, is passed over", async () => {
    const index = { "index.ts": "export const job = () => 1;" };
    const circle = { "tsconfig.json": `{"extends": "./a.json"}`, "a.json": `{"extends": "./tsconfig.json"}` };
    expect((await bundled({ ...index, ...circle })).results).toEqual({ job: 1 });
    for (const text of [
      "{",
      "[]",
      "null",
      `{"compilerOptions": 1, "extends": 2}`,
      `{"compilerOptions": {"target": 7}}`,
    ]) {
      expect((await bundled({ ...index, "tsconfig.json": text })).results).toEqual({ job: 1 });
    }
  });

  test("reaches nothing outside of the upload", async () => {
    const files = {
      "tsconfig.json": `{"extends": "/etc/passwd", "compilerOptions": {"baseUrl": "../..", "paths": {"x": ["/etc/passwd"], "y": ["../../etc/passwd"]}}}`,
    };
    for (const name of ["x", "y", "etc/passwd"]) {
      const source = `import "${name}"; export const job = () => 1;`;
      expect(await refusal(bundler, await tgz(Object.entries({ ...files, "index.ts": source })))).toMatch(
        /Cannot import ".*": the upload has no node_modules/,
      );
    }
    expect(await refusal(bundler, utf8(`import "~/x"; export const job = () => 1;`))).toMatch(/no node_modules\/~/);
  });
});
