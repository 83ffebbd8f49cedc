// biome-ignore-all lint/suspicious/noTemplateCurlyInString: template imports are what is tested
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BundleError, type Bundler, createBundler } from "../mod.ts";

let bundler: Bundler;
beforeAll(async () => {
  bundler = createBundler();
});
afterAll(() => bundler[Symbol.asyncDispose]());

const utf8 = (text: string) => new TextEncoder().encode(text);

async function tarball(files: Record<string, string | Uint8Array>): Promise<Uint8Array> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, Buffer.from(content));
  tar.finalize();
  return gzipSync(await buffer(tar));
}

/** Calls the export `load` of the bundled files; resolves to its result, or to the message of its error. */
async function loads(files: Record<string, string | Uint8Array>, ...names: string[]): Promise<unknown[]> {
  const { bundle } = await bundler.bundle(await tarball(files));
  const { load } = await import(
    /* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(bundle).toString("base64")}`
  );
  return await Promise.all(
    names.map(async (name) => {
      try {
        return await load(name);
      } catch (error) {
        return error instanceof Error ? error.message : error;
      }
    }),
  );
}

async function problemsOf(content: Uint8Array) {
  const error: unknown = await bundler.bundle(content).then(
    ({ bundle }) => new Error(`It was bundled: ${bundle}`),
    (refusal) => refusal,
  );
  if (!(error instanceof BundleError)) throw error;
  return error.problems;
}

const LOCALES = {
  "locale/de.ts": `import { greeting } from "../shared.ts"; enum E { x = "Hallo" } export default greeting(E.x);`,
  "locale/en.js": `export default "Hello";`,
  "locale/north/da.ts": `export default "Hej";`,
  "shared.ts": "export const greeting = (word: string) => `${word}!`;",
};

test("a template import finds the upload's files, in folders below too", async () => {
  const files = {
    ...LOCALES,
    "index.ts": "export const load = async (x: string) => (await import(`./locale/${x}.ts`)).default;",
  };
  expect(await loads(files, "de", "north/da", "en", "../shared", "gone")).toEqual([
    "Hallo!",
    "Hej",
    "Module not found in bundle: ./locale/en.ts",
    "Module not found in bundle: ./locale/../shared.ts",
    "Module not found in bundle: ./locale/gone.ts",
  ]);
});

test.each<[string, Record<string, string>, [string, unknown][]]>([
  [
    "text that is joined",
    { "index.ts": `export const load = async (x: string) => (await import("./locale/" + x + ".js")).default;` },
    [["en", "Hello"]],
  ],
  [
    "a part of a name, which no folder is",
    {
      "index.js": "export const load = async (x) => (await import(`./l-${x}.js`)).default;",
      "l-a.js": "export default 1",
      "l-b/c.js": "export default 2",
    },
    [
      ["a", 1],
      ["b/c", "Module not found in bundle: ./l-b/c.js"],
    ],
  ],
  [
    "no extension",
    { "index.ts": "export const load = async (x: string) => (await import(`./locale/${x}`)).default;" },
    [
      ["en.js", "Hello"],
      ["de.ts", "Hallo!"],
    ],
  ],
  [
    "require() and JSON",
    {
      "index.js": `export const load = (x) => require("./data/" + x + ".json").n;`,
      "data/a.json": `{"n": 1}`,
      "data/b/c.json": `{"n": 2}`,
    },
    [
      ["a", 1],
      ["b/c", 2],
      ["d", "Module not found in bundle: ./data/d.json"],
    ],
  ],
  [
    "a folder above",
    {
      "package.json": `{"main": "src/deep/index.ts"}`,
      "src/deep/index.ts": "export const load = async (x: string) => (await import(`../../locale/${x}.ts`)).default;",
    },
    [["de", "Hallo!"]],
  ],
  [
    "an import attribute",
    {
      "index.ts": `export const load = async (x: string) => (await import(\`./notes/\${x}.md\`, { with: { type: "text" } })).default;`,
      "notes/a.md": "# a",
    },
    [["a", "# a"]],
  ],
  [
    "names that are odd",
    {
      "index.ts": "export const load = async (x: string) => (await import(`./odd/${x}.ts`)).default;",
      "odd/a b#c?%2e.ts": "export default 1",
      "odd/**/[x].ts": "export default 2",
      "odd/__proto__.ts": "export default 3",
      "odd/ü.ts": "export default 4",
    },
    [
      ["a b#c?%2e", 1],
      ["**/[x]", 2],
      ["__proto__", 3],
      ["ü", 4],
    ],
  ],
])("a template import may have %s", async (_, files, expected) => {
  const found = await loads({ ...LOCALES, ...files }, ...expected.map(([name]) => name));
  expect(found).toEqual(expected.map(([, value]) => value));
});

test("a template import of a dependency finds the dependency's files", async () => {
  const files = {
    "index.ts": `import { format } from "dep"; export const load = (x: string) => format(x);`,
    "node_modules/dep/package.json": `{"main": "lib/index.js"}`,
    "node_modules/dep/lib/index.js": `exports.format = (x) => require("./formats/" + x);`,
    "node_modules/dep/lib/formats/a.js": "module.exports = 1;",
    "node_modules/dep/lib/formats/node_modules/b.js": "module.exports = 2;",
    "node_modules/dep/lib/formats/README.md": "not a module",
  };
  expect(await loads(files, "a.js", "README.md", "node_modules/b.js")).toEqual([
    1,
    expect.stringMatching(/^Cannot tell how to load "node_modules\/dep\/lib\/formats\/README.md"/),
    "Module not found in bundle: ./formats/node_modules/b.js",
  ]);
});

test("a dependency's require() of a pattern that matches nothing fails where it runs, as one of a missing package does", async () => {
  const files = {
    "index.ts": `import { plugin } from "dep"; export const load = (x: string) => plugin(x);`,
    "node_modules/dep/index.js":
      "exports.plugin = (x) => { try { return require(`../../../plugins/${x}.js`); } catch (e) { return e.message; } };",
  };
  expect(await loads(files, "a")).toEqual(["Module not found in bundle: ../../../plugins/a.js"]);
});

test("a module that is imported both ways is one module", async () => {
  const files = {
    "index.ts": `import { state } from "./state/a.ts";
      export const load = async (x: string) => (await import(\`./state/\${x}.ts\`)).state === state;`,
    "state/a.ts": "export const state = {};",
  };
  expect(await loads(files, "a")).toEqual([true]);
});

test("a pattern in a name of the upload's is not one", async () => {
  const { entryPoints } = await bundler.bundle(
    await tarball({ "package.json": `{"exports": "./src/**/*.ts"}`, "src/**/*.ts": "export const job = () => 1;" }),
  );
  expect(entryPoints).toEqual(["job"]);
});

test("a template import keeps the lines of the source map", async () => {
  const source = "\n\nexport const load = (x: string) => import(`./locale/${x}.ts`);\n";
  const { sourceMap } = await bundler.bundle(await tarball({ ...LOCALES, "index.ts": source }));
  const { sources, sourcesContent } = JSON.parse(sourceMap);
  expect(sources).toEqual(["shared.ts", "locale/de.ts", "locale/north/da.ts", "index.ts"]);
  expect(sourcesContent.at(-1)).toBe(source);
});

test.each([
  ["import(`./etc/${x}.conf`)", 'Cannot bundle import("./etc/**/*.conf"): no file of the upload matches'],
  ["import(`./etc/${x}`)", 'Cannot bundle import("./etc/**/*"): no file of the upload matches'],
  ["require('./etc/' + x)", 'Cannot bundle require("./etc/**/*"): no file of the upload matches'],
  [
    "import(`../../proc/self/${x}`)",
    'Cannot bundle import("../../proc/self/**/*"): the pattern leaves the upload; put the files into it',
  ],
  ["import(`../${x}.ts`)", 'Cannot bundle import("../**/*.ts"): the pattern leaves the upload; put the files into it'],
  [
    "import(`./a/../../${x}`)",
    'Cannot bundle import("./a/../../**/*"): the pattern leaves the upload; put the files into it',
  ],
  ["import(`./proc/${x}/${x}`)", 'Cannot bundle import("./proc/**/*/**/*"): no file of the upload matches'],
])("a pattern that matches nothing of the upload is refused with its place: %s", async (expression, text) => {
  const source = utf8(`// first line\nexport const job = (x: string) => ${expression};`);
  expect(await problemsOf(source)).toEqual([
    { text, file: "main.ts", line: 2, column: 35 + expression.search(/[`']/) },
  ]);
});

test("a pattern reaches no file of the gateway's disk, and tells no name of it", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "canary-8c1f.ts"), "export default 'canary-8c1f';");
  const up = "../".repeat(12);
  for (const start of [
    `.${folder.path}/`,
    `${up}${folder.path.slice(1)}/`,
    `./${relative("/", folder.path)}/`,
    `./${up}`,
  ]) {
    for (const call of ["import", "require"]) {
      const problems = await problemsOf(utf8(`export const job = (x: string) => ${call}(\`${start}\${x}\`);`));
      expect(JSON.stringify(problems)).not.toContain("canary");
    }
  }
});

test("many patterns over many files end within the limits", async () => {
  const names = Array.from({ length: 2000 }, (_, i) => [`f/${i}.js`, ""]);
  const patterns = Array.from({ length: 100 }, (_, i) => `(x) => import(\`./f/\${x}${i % 10}.js\`)`);
  const content = await tarball({ "index.js": `export const job = [${patterns}];`, ...Object.fromEntries(names) });
  await using limited = createBundler({ limits: { timeoutMs: 5000 } });
  const started = performance.now();
  await limited.bundle(content).catch((error) => expect(error).toBeInstanceOf(BundleError));
  expect(performance.now() - started).toBeLessThan(10_000);
});

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "hearth-bundler-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}
