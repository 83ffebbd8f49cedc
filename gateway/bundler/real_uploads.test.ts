import { afterAll, beforeAll, expect, test } from "vitest";
import { type Bundler, createBundler } from "./mod.ts";
import { link, runAll, type TarEntry, tgz, utf8 } from "./testing/uploads.ts";

let bundler: Bundler;
beforeAll(async () => {
  bundler = createBundler();
});
afterAll(() => bundler[Symbol.asyncDispose]());

/** Results of the entry points of a tarball. */
async function results(entries: readonly TarEntry[]): Promise<unknown> {
  const { bundle, entryPoints } = await bundler.bundle(await tgz(entries));
  return await runAll(bundle, entryPoints);
}

test.each<[string, TarEntry[]]>([
  ["a folder without a package.json", [["jobs/index.ts", "export const job = () => 1;"]]],
  [
    "a folder that begins with a file of its own",
    [
      ["jobs/a/b.ts", ""],
      ["jobs/main.js", "export const job = () => 1;"],
    ],
  ],
  [
    "what macOS packs",
    [
      ["._jobs", "attributes"],
      ["jobs/._index.ts", "attributes"],
      ["jobs/.DS_Store", "attributes"],
      ["jobs/Icon\r", ""],
      ["__MACOSX/jobs/x", "attributes"],
      ["jobs/__MACOSX/y", "attributes"],
      ["jobs/index.ts", "export const job = () => 1;"],
    ],
  ],
  [
    "a repository with what git keeps of it",
    [
      ["repo/.git/HEAD", "ref: refs/heads/main"],
      ["repo/.git/objects/01/23", Buffer.from([0, 1])],
      ["repo/index.ts", "export const job = () => 1;"],
    ],
  ],
  [
    "a release of GitHub",
    [
      [{ name: "owner-repo-0123456/", type: "directory" }],
      ["owner-repo-0123456/README.md", "# hi"],
      ["owner-repo-0123456/package.json", `{"main": "src/jobs.ts"}`],
      ["owner-repo-0123456/src/jobs.ts", "export const job = () => 1;"],
    ],
  ],
  [
    "the header of `git archive`, which old tools take for a file",
    [
      ["pax_global_header", "52 comment=0123456789012345678901234567890123456789\n"],
      ["repo/src/index.ts", "export const job = () => 1;"],
    ],
  ],
  ["a folder in a folder", [["repo-main/repo-main/mod.ts", "export const job = () => 1;"]]],
  ["an entry in src", [["src/main.ts", "export const job = () => 1;"]]],
  [
    "one module, of any name, beside its tests",
    [
      ["jobs/word_count.ts", "export const job = () => 1;"],
      ["jobs/word_count.test.ts", "throw new Error('not a job');"],
      ["jobs/vitest.config.ts", "export default {};"],
      ["jobs/env.d.ts", "declare const x: number;"],
      ["jobs/README.md", "# Jobs"],
    ],
  ],
  [
    "the programs of its packages",
    [
      ["jobs/index.ts", `export { job } from "dep";`],
      ["jobs/node_modules/dep/index.js", "export const job = () => 1;"],
      link("jobs/node_modules/.bin/dep", "../dep/cli.js"),
      link("jobs/node_modules/.bin/other", "/usr/lib/node_modules/other/cli.js"),
    ],
  ],
  [
    "links in node_modules that lead out of it and that nobody imports",
    [
      ["jobs/index.ts", "export const job = () => 1;"],
      link("jobs/node_modules/shared", "../../../packages/shared"),
      link("jobs/node_modules/@org/app", "/home/ann/app"),
    ],
  ],
  [
    "packages as pnpm lays them out",
    [
      [
        "jobs/index.ts",
        `import { job as made } from "dep"; import { state } from "other"; export const job = () => made(state);`,
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
      ["repo/packages/lib/src/deep.ts", `export const job = () => Number("1");`],
      link("repo/node_modules/@org/lib", "../../packages/lib"),
      link("repo/node_modules/@org/repo", "../.."),
    ],
  ],
  [
    "a workspace that was not installed",
    [
      ["repo/package.json", `{"main": "apps/jobs/main.ts", "workspaces": ["apps/*", "packages/*"]}`],
      ["repo/apps/jobs/main.ts", `export { job } from "@org/lib";`],
      ["repo/packages/lib/package.json", `{"name": "@org/lib", "main": "src/index.ts"}`],
      ["repo/packages/lib/src/index.ts", "export const job = () => 1;"],
      ["repo/fixtures/broken/package.json", "{"],
    ],
  ],
  [
    "a package that imports itself",
    [
      ["pkg/package.json", `{"name": "mine", "exports": {".": "./index.ts", "./parts": "./src/parts.ts"}}`],
      ["pkg/index.ts", `import { one } from "mine/parts"; export const job = () => one;`],
      ["pkg/src/parts.ts", "export const one = 1;"],
    ],
  ],
  [
    "a file that it holds twice, as a hard link",
    [
      ["jobs/one.ts", "export const job = () => 1;"],
      [{ name: "jobs/index.ts", type: "link", linkname: "jobs/one.ts" }],
    ],
  ],
  [
    "a file that it holds first under a name that is left out",
    [
      ["./jobs/node_modules/.bin/one", "export const job = () => 1;"],
      [{ name: "./jobs/index.ts", type: "link", linkname: "./jobs/node_modules/.bin/one" }],
    ],
  ],
  [
    "node_modules that are a link to somewhere else, and not needed",
    [["jobs/index.ts", "export const job = () => 1;"], link("jobs/node_modules", "/opt/shared/node_modules")],
  ],
  [
    "names with a hash that tsconfig.json, deno.json and package.json lead",
    [
      ["package.json", `{"main": "index.ts", "imports": {"#own": "./lib/four.ts"}}`],
      ["tsconfig.json", `{"compilerOptions": {"paths": {"#lib/*": ["./lib/*"]}}}`],
      ["deno.json", `{"imports": {"#deno/": "./lib/"}}`],
      [
        "index.ts",
        `import { one } from "#lib/one"; import { two } from "#deno/two.ts"; import { four } from "#own";
        export const job = () => four - two - one;`,
      ],
      ["lib/one.ts", "export const one = 1;"],
      ["lib/two.ts", "export const two = 2;"],
      ["lib/four.ts", "export const four = 4;"],
    ],
  ],
  [
    "a hard link to a symbolic one",
    [
      ["jobs/lib/one.ts", "export const job = () => 1;"],
      link("jobs/lib/two.ts", "one.ts"),
      [{ name: "jobs/index.ts", type: "link", linkname: "jobs/lib/two.ts" }],
    ],
  ],
  [
    "links in a circle",
    [
      ["index.ts", "export const job = () => 1;"],
      link("a", "b"),
      link("b", "a"),
      link("c", "c/c"),
      link("d", "d/../d"),
    ],
  ],
  [
    "only the requiring half of exports",
    [
      ["package.json", `{"type": "commonjs", "exports": {".": {"types": "./index.d.ts", "require": "./index.cjs"}}}`],
      ["index.cjs", "exports.job = () => 1;"],
    ],
  ],
  [
    "exports that are no modules",
    [
      ["package.json", `{"exports": {".": "./index.ts", "./style.css": "./style.css", "./types": "./index.d.ts"}}`],
      ["index.ts", "export const job = () => 1;"],
    ],
  ],
  [
    "an entry that deno.json names, and imports that it maps",
    [
      [
        "jobs/deno.json",
        `{ // Deno allows comments
          "exports": "./lib/jobs.ts", "imports": {"@/": "./lib/", "dep": "npm:dep@^1", "std": "jsr:@std/one@1"}, }`,
      ],
      [
        "jobs/lib/jobs.ts",
        `import { one } from "@/one.ts"; import { two } from "dep"; import { three } from "std";
        import { four } from "npm:dep@1/four"; export const job = () => one + two + three + four - 9;`,
      ],
      ["jobs/lib/one.ts", "export const one = 1;"],
      ["jobs/node_modules/dep/index.js", "export const two = 2;"],
      ["jobs/node_modules/dep/four.js", "export const four = 4;"],
      ["jobs/node_modules/@jsr/std__one/mod.ts", "export const three = 3;"],
      ["jobs/node_modules/@jsr/std__one/package.json", `{"exports": "./mod.ts"}`],
    ],
  ],
  [
    "a dependency that looks for what it can do without",
    [
      ["index.ts", `import dep from "dep"; export const job = async () => await dep();`],
      [
        "node_modules/dep/index.js",
        `let native = 0; try { native = require("./build/Release/fast.node"); } catch { native = 1; }
         try { require("./prebuilds/linux.node"); } catch { native += 1; }
         module.exports = async () => { try { return await import("optional"); } catch { return native - 1; } };`,
      ],
      ["node_modules/dep/prebuilds/linux.node", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0xff])],
    ],
  ],
])("a tarball may have %s", async (_, entries) => {
  expect(await results(entries)).toEqual({ job: 1 });
});

test.each([
  ["a byte order mark", "\ufeffexport const job = () => 1;"],
  ["lines that end as on Windows", "export const job = () => {\r\n  return 1;\r\n};\r\n"],
  ["an interpreter in its first line", "#!/usr/bin/env node\nexport const job = () => 1;"],
])("a file may have %s", async (_, source) => {
  const { bundle, entryPoints } = await bundler.bundle(utf8(source));
  expect(await runAll(bundle, entryPoints)).toEqual({ job: 1 });
});
