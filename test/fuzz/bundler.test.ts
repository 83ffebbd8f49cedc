// biome-ignore-all lint/suspicious/noTemplateCurlyInString: template imports are what is tried
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { type Pack, pack } from "tar-stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BundleError, type Bundler, createBundler } from "../../gateway/bundler/mod.ts";

/** HEARTH_FUZZ_SECONDS lengthens the search. */
const SECONDS = Number(process.env.HEARTH_FUZZ_SECONDS ?? 5);
const TIMEOUT_MS = 10_000;

/** Stands in the name and in the content of a file beside the upload, in a folder that the upload can name. */
const CANARY = `canary-${randomUUID()}`;

let bundler: Bundler;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hearth-fuzz-"));
  for (const extension of ["ts", "js", "json", "txt", "map"]) {
    await writeFile(
      join(folder, `${CANARY}.${extension}`),
      extension === "json" ? `"${CANARY}"` : `export const c = "${CANARY}";`,
    );
  }
  await symlink(join(folder, `${CANARY}.ts`), join(folder, "known.ts"));
  bundler = createBundler({ limits: { timeoutMs: TIMEOUT_MS } });
});
afterAll(async () => {
  await bundler[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

type Entry = readonly [header: Parameters<Pack["entry"]>[0], content: string];

/** Parts of paths and specifiers; FOLDER is where the canary is. */
const part = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("a", "b", "node_modules", "dep", "locale", "index", "known", "FOLDER") },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...["..", ".", "", "**", "*", "%2e%2e", "%2f", "\\", "..\\", "\0", "\u2028", "#x", "?raw", "?a#b", "A", "é", "é"],
      ...["__proto__", "a.zip", "__virtual__", "$$virtual", "0", ".pnp.cjs", "package.json", "tsconfig.json", "upload"],
      ...["C:", "CON", "~", "proc", "self", "environ", "etc", "passwd", "x".repeat(300), "[a]", "{a,b}", "'", '"', "`"],
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 5, unit: "grapheme" }) },
);
const path = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("/"));
const start = fc.constantFrom(
  ...["./", "../", "../../", "../../../../../../../../", "/", "//", "", "#", "~/", "C:\\", "\\\\?\\"],
  ...["file://", "file:///", "data:text/javascript,", "node:", "npm:", "https://x/", "blob:", "FOLDER/", "..FOLDER/"],
);
const extension = fc.constantFrom("", ".ts", ".js", ".json", ".txt", ".css", ".map", ".mts", "/");

/** What stands between the parentheses of `import()`: a literal, a template, joined texts. */
const specifier = fc
  .tuple(start, path, extension, fc.constantFrom("whole", "template", "joined", "parts"))
  .map(([before, middle, after, form]) => {
    const text = (value: string) => JSON.stringify(value);
    const template = (value: string) => value.replace(/[\\`$]/g, "\\$&").replaceAll("\0", "\\0");
    switch (form) {
      case "whole":
        return text(before + middle + after);
      case "template":
        return `\`${template(before + middle)}/\${x}${template(after)}\``;
      case "joined":
        return `${text(`${before}${middle}/`)} + x + ${text(after)}`;
      default:
        return `${text(before)} + x + ${text(`/${middle}/`)} + x + ${text(after)}`;
    }
  });

const statement = fc.oneof(
  specifier.map((inner) => `export const NAME = (x) => import(${inner});`),
  specifier.map((inner) => `export const NAME = (x) => require(${inner});`),
  specifier.map((inner) => `export const NAME = (x) => import(${inner}, { with: { type: "text" } });`),
  specifier.map((inner) => `export const NAME = (x) => require.resolve(${inner});`),
  specifier.map((inner) => `export const NAME = (x) => new URL(${inner}, import.meta.url);`),
  fc.tuple(start, path).map(([before, middle]) => `import ${JSON.stringify(before + middle)};`),
  fc.tuple(start, path).map(([before, middle]) => `export * from ${JSON.stringify(before + middle)};`),
  fc.tuple(start, path).map((to) => `//# sourceMappingURL=${to.join("").replace(/\s/g, "")}`),
  fc.tuple(start, path).map((to) => `/** @jsxImportSource ${to.join("").replaceAll("*/", "")} */`),
);
const source = fc
  .array(statement, { minLength: 1, maxLength: 4 })
  .map((lines) =>
    ["export const job = () => 1;", ...lines.map((line, i) => line.replace("NAME", `job${i}`))].join("\n"),
  );

const manifest = fc
  .record(
    {
      main: path,
      module: path,
      exports: fc.oneof(path, fc.dictionary(path, path)),
      imports: fc.dictionary(path, path),
      browser: path,
    },
    { requiredKeys: [] },
  )
  .map((value) => JSON.stringify(value));
const tsconfig = path.map((to) =>
  JSON.stringify({ extends: to, compilerOptions: { paths: { "*": [to] }, baseUrl: to } }),
);

const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.tuple(
    fc.tuple(path, extension).map((name) => ({ name: name.join("") })),
    source,
  ),
  fc.tuple(
    fc.constantFrom("index.ts", "a.ts", "node_modules/dep/index.js").map((name) => ({ name })),
    source,
  ),
  fc.tuple(fc.constant({ name: "package.json" }), manifest),
  fc.tuple(fc.constant({ name: "node_modules/dep/package.json" }), manifest),
  fc.tuple(fc.constant({ name: "tsconfig.json" }), tsconfig),
  fc
    .tuple(path, fc.constantFrom("symlink" as const, "link" as const), fc.tuple(start, path))
    .map(([name, type, to]): Entry => [{ name, type, linkname: to.join("") }, ""]),
);

async function tarball(entries: readonly Entry[]): Promise<Uint8Array> {
  const tar = pack();
  for (const [header, content] of entries) tar.entry(header, content);
  tar.finalize();
  return gzipSync(await buffer(tar));
}

async function outcomeOf(content: Uint8Array): Promise<string> {
  const began = performance.now();
  const outcome = await bundler.bundle(content).catch((error: unknown) => {
    if (!(error instanceof BundleError)) throw error;
    return error.problems;
  });
  // The limit, and the start of the next worker.
  expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + 5000);
  return JSON.stringify(outcome);
}

/** Puts the canary's folder in the place of FOLDER, where it has a meaning. */
function withFolder(text: string): string {
  return text.replaceAll("/FOLDER", folder).replaceAll("FOLDER", folder);
}

test(
  "no upload reveals a file beside it, or takes longer than the limit",
  async () => {
    const upload = fc.oneof(
      source.map((text) => new TextEncoder().encode(withFolder(text))),
      fc
        .tuple(source, fc.array(entry, { maxLength: 5 }))
        .map(([main, entries]): Entry[] => [[{ name: "index.ts" }, main], ...entries]),
    );
    await fc.assert(
      fc.asyncProperty(upload, async (made) => {
        const content =
          made instanceof Uint8Array
            ? made
            : await tarball(
                made.map(([header, text]) => [JSON.parse(withFolder(JSON.stringify(header))), withFolder(text)]),
              );
        const outcome = await outcomeOf(content);
        expect(outcome).not.toContain(CANARY);
        expect(outcome).not.toContain("panic");
      }),
      { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: SECONDS * 1000 },
    );
  },
  (SECONDS + 60) * 1000,
);
