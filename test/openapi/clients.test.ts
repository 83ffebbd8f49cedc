import { execFile } from "node:child_process";
import { copyFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { generate as generateByCodegen } from "openapi-typescript-codegen";
import { generate as generateByOrval } from "orval";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTemporaryDirectory } from "../contract/temporary_directory.ts";
import { type Hearth, startHearth } from "../system/hearth.ts";

const TOOLS = resolve(import.meta.dirname, "../../node_modules/.bin");

/** Keeps the tools from reporting their use and from looking for updates. */
const QUIET = { REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true", DO_NOT_TRACK: "1" };

const starting = new AsyncDisposableStack();
let hearth: Hearth;
let folder: string;

beforeAll(async () => {
  folder = starting.use(await createTemporaryDirectory()).path;
  hearth = starting.use(await startHearth());
  const document = await fetch(`${hearth.url}/openapi.json`);
  await writeFile(join(folder, "openapi.json"), await document.text());
});

afterAll(() => starting.disposeAsync());

/** Resolves to what a tool prints; rejects with that when it fails. */
async function run(tool: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(join(TOOLS, tool), args, {
    ...{ cwd: folder, env: { ...process.env, ...QUIET }, maxBuffer: 16 * 1024 ** 2 },
  }).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`${tool} failed: ${error.stdout}${error.stderr}`);
  });
  return stdout;
}

/** Checks the types of a program and of the client that it uses, and runs it: what it prints. */
async function use(client: string, program: string): Promise<unknown> {
  await copyFile(resolve(import.meta.dirname, program), join(folder, client, "program.ts"));
  const compilerOptions = {
    ...{ target: "es2022", module: "preserve", strict: true, noEmit: true },
    ...{ types: [], lib: ["es2022", "dom", "dom.iterable"] },
  };
  await writeFile(join(folder, client, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }));
  await run("tsc", "-p", client);
  const outfile = join(folder, client, "program.mjs");
  await build({
    ...{ entryPoints: [join(folder, client, "program.ts")], bundle: true, format: "esm", outfile },
    ...{ define: { BASE_URL: JSON.stringify(hearth.url) }, logLevel: "error" },
  });
  return JSON.parse(await run("node", outfile));
}

const EXPECTED = {
  uploaded: 1,
  context: String(256 * 1024 ** 2),
  ran: { text: "to be", nested: { list: [1, { deeper: true }] } },
  result: { text: "to be", nested: { list: [1, { deeper: true }] } },
  listed: ["SUCCEEDED"],
  error: [true, "JOB_NOT_FOUND"],
  stopped: "STOPPED",
};

test("redocly reports no problems in the OpenAPI document", async () => {
  const report = JSON.parse(await run("redocly", "lint", "openapi.json", "--format=json"));
  expect(report).toMatchObject({ totals: { errors: 0, warnings: 0 }, problems: [] });
});

test("orval makes a client that uploads, runs a job and has typed errors", async () => {
  const output = { target: "orval/client.ts", schemas: "orval/model", client: "fetch", baseUrl: hearth.url } as const;
  await generateByOrval({ input: "openapi.json", output }, folder);
  expect(await use("orval", "orval_program.ts")).toEqual({ ...EXPECTED, file: "folder/orval.txt" });
});

test("openapi-typescript-codegen makes a client that uploads, runs a job and has typed errors", async () => {
  await generateByCodegen({
    input: join(folder, "openapi.json"),
    output: join(folder, "codegen"),
    httpClient: "fetch",
  });
  expect(await use("codegen", "codegen_program.ts")).toEqual({ ...EXPECTED, file: "folder/codegen.txt" });
});
