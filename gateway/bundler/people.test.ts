import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { type Pack, pack } from "tar-stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BundleError, type Bundler, startBundler } from "./mod.ts";

let bundler: Bundler;
beforeAll(async () => {
  bundler = await startBundler();
});
afterAll(() => bundler[Symbol.asyncDispose]());

type Entry = [header: Parameters<Pack["entry"]>[0] | string, content?: string];

const utf8 = (text: string) => new TextEncoder().encode(text);
const link = (name: string, linkname: string): Entry => [{ name, type: "symlink", linkname }];

async function tar(entries: readonly Entry[]): Promise<Uint8Array> {
  const tar = pack();
  for (const [header, content = ""] of entries)
    tar.entry(typeof header === "string" ? { name: header } : header, content);
  tar.finalize();
  return await buffer(tar);
}

/** The value of the export `job` of the tarball. */
async function job(entries: readonly Entry[]): Promise<unknown> {
  const { bundle } = await bundler.bundle(gzipSync(await tar(entries)));
  const module = await import(
    /* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(bundle).toString("base64")}`
  );
  return module.job;
}

async function refusal(content: Uint8Array, contentType?: string): Promise<string> {
  const error: unknown = await bundler.bundle(content, { contentType }).then(
    () => new Error("It was bundled"),
    (thrown) => thrown,
  );
  if (!(error instanceof BundleError)) throw error;
  return error.message;
}

test.each<[string, Entry[]]>([
  ["a folder without a package.json", [["jobs/index.ts", "export const job = 1;"]]],
  [
    "a folder that begins with a file of its own",
    [
      ["jobs/a/b.ts", ""],
      ["jobs/main.js", "export const job = 1;"],
    ],
  ],
  [
    "what macOS packs",
    [
      ["._jobs", "attributes"],
      ["jobs/._index.ts", "attributes"],
      ["jobs/.DS_Store", "attributes"],
      ["__MACOSX/jobs/x", "attributes"],
      ["jobs/index.ts", "export const job = 1;"],
    ],
  ],
  [
    "a release of GitHub",
    [
      [{ name: "owner-repo-0123456/", type: "directory" }],
      ["owner-repo-0123456/README.md", "# hi"],
      ["owner-repo-0123456/package.json", `{"main": "src/jobs.ts"}`],
      ["owner-repo-0123456/src/jobs.ts", "export const job = 1;"],
    ],
  ],
  [
    "the programs of its packages",
    [
      ["jobs/index.ts", `export { job } from "dep";`],
      ["jobs/node_modules/dep/index.js", "export const job = 1;"],
      link("jobs/node_modules/.bin/dep", "../dep/cli.js"),
      link("jobs/node_modules/.bin/other", "/usr/lib/node_modules/other/cli.js"),
    ],
  ],
  [
    "packages as pnpm lays them out",
    [
      [
        "jobs/index.ts",
        `import { job as made } from "dep"; import { state } from "other"; export const job = made(state);`,
      ],
      link("jobs/node_modules/dep", ".pnpm/dep@1.0.0/node_modules/dep"),
      link("jobs/node_modules/other", ".pnpm/other@2.0.0/node_modules/other"),
      ["jobs/node_modules/.pnpm/dep@1.0.0/node_modules/dep/package.json", `{"main": "lib"}`],
      [
        "jobs/node_modules/.pnpm/dep@1.0.0/node_modules/dep/lib/index.js",
        `import { state } from "other"; export const job = (theirs) => Number(state === theirs);`,
      ],
      link("jobs/node_modules/.pnpm/dep@1.0.0/node_modules/other", "../../other@2.0.0/node_modules/other"),
      ["jobs/node_modules/.pnpm/other@2.0.0/node_modules/other/index.js", "export const state = {};"],
    ],
  ],
  [
    "the packages of a workspace",
    [
      ["repo/package.json", `{"main": "apps/jobs/main.ts", "workspaces": ["apps/*", "packages/*"]}`],
      ["repo/apps/jobs/main.ts", `export { job } from "@org/lib/deep";`],
      ["repo/packages/lib/package.json", `{"exports": {"./deep": "./src/deep.ts"}}`],
      ["repo/packages/lib/src/deep.ts", `export const job = Number("1");`],
      link("repo/node_modules/@org/lib", "../../packages/lib"),
      link("repo/node_modules/@org/repo", "../.."),
    ],
  ],
  [
    "a file that it holds twice, as a hard link",
    [["jobs/one.ts", "export const job = 1;"], [{ name: "jobs/index.ts", type: "link", linkname: "jobs/one.ts" }]],
  ],
  [
    "links in a circle",
    [["index.ts", "export const job = 1;"], link("a", "b"), link("b", "a"), link("c", "c/c"), link("d", "d/../d")],
  ],
])("a tarball may have %s", async (_, entries) => {
  expect(await job(entries)).toBe(1);
});

test("an import through links in a circle finds nothing", async () => {
  const content = gzipSync(
    await tar([
      ["index.ts", `import "./a/x.ts"; import "./c/x.ts";`],
      link("a", "b"),
      link("b", "a"),
      link("c", "c/c"),
    ]),
  );
  expect(await refusal(content)).toMatch(/Cannot import ".\/a\/x.ts": the upload has no such file/);
});

test.each<[string, Uint8Array | Promise<Uint8Array>, string | undefined]>([
  ["a zip archive", utf8("PK\u0003\u0004..."), undefined],
  ["a zip archive", utf8("PK\u0003\u0004..."), "application/java-archive"],
  ["a tarball that is not compressed", tar([["index.ts", "export const job = 1;"]]), "application/x-tar"],
  ["UTF-16 text", Buffer.from("\ufeffexport const job = 1;", "utf16le"), undefined],
  ["an HTML page", utf8("\n<!DOCTYPE html><title>404</title>"), undefined],
  ["a Python program", utf8("# jobs\nfrom hearth import job\n"), undefined],
  ["a Python program", utf8("#!/usr/bin/env python3\nprint(1)\n"), undefined],
  [
    "a form, as `curl -F` sends it",
    utf8(`--x\r\nContent-Disposition: form-data; name="f"\r\n\r\nexport const job = 1;\r\n--x--\r\n`),
    "multipart/form-data; boundary=x",
  ],
])("what is %s is refused as such", async (kind, content, contentType) => {
  expect(await refusal(await content, contentType)).toBe(
    `The upload is ${kind}: upload one .ts or .js file, or a gzip tarball (what \`npm pack\` makes, or \`tar -czf\`), as the body itself (\`curl -T\`)`,
  );
});

test("an export that no entry point can name is refused", async () => {
  expect(await refusal(utf8(`const job = () => 1; export { job as "a#b" };`))).toBe(
    'main.ts: The export "a#b" cannot be an entry point: name it without "#"',
  );
});

test("a class is no entry point", async () => {
  const classes =
    "export class A { run() {} } export default class B { static self = B; } class C {} export { C as D };";
  expect(await bundler.bundle(utf8(`${classes} export const made = new C(), job = () => A;`))).toHaveProperty(
    "entryPoints",
    ["job", "made"],
  );
  expect(await refusal(utf8(classes))).toMatch(/^main.ts:1: Nothing is exported that can be called: .* no class$/);
});
