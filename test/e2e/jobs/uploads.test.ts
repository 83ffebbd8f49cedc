import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Job_State } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

let hearth: Hearth;
let rest: Rest;

beforeAll(async () => {
  hearth = await startHearth();
  rest = createRest(hearth.url);
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

async function tarball(files: Readonly<Record<string, string>>): Promise<Uint8Array<ArrayBuffer>> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
  tar.finalize();
  return new Uint8Array(gzipSync(await buffer(tar)));
}

test("every entry point of a package runs with the packages in its node_modules", async () => {
  const content = await tarball({
    "package/package.json": JSON.stringify({ exports: { ".": "./index.ts", "./reports": "./src/reports.ts" } }),
    "package/index.ts": `import pad from "pad"; export const Order = ({ config }) => pad(config.id);`,
    "package/src/reports.ts": `export const Lines = async function* () { yield 1; yield 2; };`,
    "package/node_modules/pad/package.json": `{"name":"pad","main":"main.cjs"}`,
    "package/node_modules/pad/main.cjs": `module.exports = (text) => String(text).padStart(3);`,
  });
  expect((await rest.upload("shop", content)).entryPoints).toEqual(["Order", "reports#Lines"]);
  const order = await rest.run({ binary: "shop", entryPoint: "Order", config: { id: 7 } });
  expect(order.result).toBe("  7");
  expect((await rest.run({ binary: "shop", entryPoint: "reports#Lines" })).result).toEqual([1, 2]);
});

test("every listed entry point of an upload runs, and the upload says why it omits the others", async () => {
  const content = await tarball({
    "package/package.json": JSON.stringify({ exports: { ".": "./index.ts", "./old": "./old.cjs" } }),
    "package/index.ts": `export * from "./lib.cjs"; export * as words from "./words.ts"; export default { run: () => "default" };
      export class Counter { run() {} } export const counter = new (class { run() { return "counter"; } })(); export const most = 5;`,
    "package/lib.cjs": `exports.Lib = () => "lib"; exports.limit = 1;`,
    "package/words.ts": `export const count = () => "count"; export enum Kind { word }`,
    "package/old.cjs": `class Job { run() { return "old"; } } module.exports = { Old: new Job(), Job };`,
  });
  const { entryPoints, warnings } = await rest.upload("listed", content);
  expect(entryPoints).toEqual(["Lib", "counter", "default", "words#count", "old#Old"]);
  expect(warnings.map((text) => text.split(" is not an entry point: ")[0])).toEqual([
    'The export "Counter"',
    'The export "limit"',
    'The export "most"',
    'The export "old#Job"',
  ]);
  const results = await Promise.all(entryPoints.map((entryPoint) => rest.run({ binary: "listed", entryPoint })));
  expect(results.map(({ result }) => result)).toEqual(["lib", "counter", "default", "count", "old"]);
});

test("each module of a package declares its own permissions", async () => {
  const content = await tarball({
    "package/package.json": JSON.stringify({ exports: { ".": "./index.ts", "./net": "./net.ts" } }),
    "package/index.ts": "export const Quiet = () => 1;",
    "package/net.ts": `export const manifest = { permissions: { net: ["db:5432"] } }; export const Query = () => 2;`,
  });
  await rest.upload("needy", content);
  expect((await rest.run({ binary: "needy", entryPoint: "Quiet" })).result).toBe(1);
  expect((await rest.run({ binary: "needy", entryPoint: "net#Query" })).job).toMatchObject({
    state: Job_State.REJECTED,
    error: { message: expect.stringContaining("Missing: net db:5432") },
  });
});

test("a job without a permission gets an error that names the setting of its context", async () => {
  await rest.upload(
    "curious",
    `import { readFileSync } from "node:fs";
export const read = () => readFileSync("/etc/passwd", "utf8");
export const call = () => fetch("http://example.com/");`,
  );
  const errorOf = async (entryPoint: string) => (await rest.run({ binary: "curious", entryPoint })).job.error;
  expect(await errorOf("read")).toMatchObject({
    message: "Cannot use readFileSync of node:fs: a job has no file system; read uploaded files with `data`",
    stack: expect.stringMatching(/^Error: Cannot use readFileSync of node:fs: .*\n.*main\.ts:2:/),
  });
  expect(await errorOf("call")).toMatchObject({
    message: 'Requires net access to "example.com:80"; its context does not grant it, see the setting permissions.net',
  });
});
