import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Runtime, Sandbox } from "../../runtime/mod.ts";
import {
  NETWORK_MODULES,
  OWN_MODULES,
  PARTIAL_MODULES,
  PLATFORM,
  WHOLE_MODULES,
} from "../sandbox/confinement/reach.ts";
import { resultOf, startSandbox, startTestRuntime } from "../testing/mod.ts";

let runtime: Runtime;
let closed: Sandbox;
let open: Sandbox;
beforeAll(async () => {
  runtime = await startTestRuntime();
  closed = await startSandbox(runtime);
  open = await startSandbox(runtime, { permissions: { net: ["db.example.com:5432"], secrets: [] } });
});
afterAll(() => runtime[Symbol.asyncDispose]());

/** Of Node, of Deno beside them, and of the insides of both. */
const BUILTINS = [
  ...new Set([
    ...builtinModules.map((name) => name.replace(/^node:/, "")),
    ...["sqlite", "test", "test/reporters", "sea", "quic", "ffi", "test/mock_loader", "stream/iter", "zlib/iter"],
    ...["internal/util", "internal/options", "internal/modules/cjs/loader", "internal/process/pre_execution"],
    ...["_http_agent", "_http_client", "_http_common", "_http_incoming", "_http_outgoing", "_http_server"],
    ...["_tls_common", "_tls_wrap", "_stream_wrap", "inspector/promises", "dns/promises", "reporters", "sys"],
  ]),
].map((name) => `node:${name}`);

test("a job reaches what is listed, and nothing else, whatever Deno brings", async () => {
  const walker = await readFile(new URL("../testing/reach_walker.ts", import.meta.url), "utf8");
  const reached = (await resultOf(open, walker, { config: { modules: BUILTINS } })) as string[];
  await expect(`${reached.join("\n")}\n`).toMatchFileSnapshot("../testing/reachable.txt");
});

const LISTED = [...WHOLE_MODULES, ...Object.keys(PARTIAL_MODULES), ...Object.keys(NETWORK_MODULES), ...OWN_MODULES];

test("a job imports the modules that are listed, and no other", async () => {
  const source = `export async function job({ config }) {
    const given = [];
    for (const name of config.modules) {
      const module = await import(name).catch(() => undefined);
      const again = (() => { try { return process.getBuiltinModule(name); } catch { return undefined; } })();
      if (module !== undefined && module.default !== again) throw new Error(name + " is two modules");
      if (module === undefined && again !== undefined) throw new Error(name + " is given as a built-in");
      if (module !== undefined) given.push(name);
    }
    return given;
  }`;
  const given = await resultOf(closed, source, { config: { modules: BUILTINS } });
  expect(given).toEqual(expect.arrayContaining(LISTED.map((name) => `node:${name}`)));
  expect(given).toHaveLength(LISTED.length);
});

test("docs/jobs.md lists what a job has", async () => {
  const page = await readFile(new URL("../../../docs/jobs.md", import.meta.url), "utf8");
  const section = /^## What a job has\n(.*?)^## /ms.exec(page)?.[1] ?? "";
  const named = [...section.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
  expect(named).toEqual(expect.arrayContaining(PLATFORM.map((name) => name)));
  const modules = named.filter((name) => name?.startsWith("node:"));
  expect(modules.sort()).toEqual(LISTED.map((name) => `node:${name}`).sort());
});
