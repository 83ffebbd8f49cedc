import { createValidator } from "@bufbuild/protovalidate";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { JsonObject } from "../../../lib/hocon/mod.ts";
import type { Dao } from "../../../plugins/contract/mod.ts";
import memory from "../../../plugins/dao-memory/mod.ts";
import { Binary_Type, Context_State, Runtime } from "../../../proto/mod.ts";
import { sampleBinary, sampleContext } from "../../../test/contract/samples.ts";
import { log } from "../../../test/silent_log.ts";
import { OPEN } from "../../access/mod.ts";
import { ContextRegistry } from "../../state/mod.ts";
import type { SparkDeps } from "../deps.ts";
import { readSubmission } from "./submission.ts";

const { signal } = new AbortController();

let dao: Dao;

beforeEach(async () => {
  dao = await memory.start({ config: {}, log, signal });
  const jar = { type: Binary_Type.JAR, runtime: Runtime.SPARK };
  await dao.binaries.insert(sampleBinary("module", 1, { entryPoints: ["Job"] }));
  await dao.binaries.insert(sampleBinary("jobs", 2, { ...jar, entryPoints: ["a.Job"] }));
  await dao.binaries.insert(sampleBinary("lib", 3, { ...jar, entryPoints: [] }));
  await dao.binaries.insert(sampleBinary("base", 4, { ...jar, entryPoints: [] }));
  const settings = { runtime: Runtime.SPARK, settings: { "dependent-jar-uris": "base" } };
  await dao.contexts.insert(sampleContext(1, { name: "named", state: Context_State.RUNNING, settings }));
});

afterEach(() => dao[Symbol.asyncDispose]());

async function read(query: Record<string, string>, body = "", contextSettings: JsonObject = {}) {
  const core = {
    dao,
    log,
    contexts: new ContextRegistry({ dao, publishOutbox() {} }),
    jobConfig: {},
    defaultRuntime: Runtime.DENO,
  };
  const deps = {
    core,
    authorization: OPEN,
    validator: createValidator(),
    config: { contextSettings },
  } as unknown as SparkDeps;
  return readSubmission(deps, {
    ...{ target: "/jobs", path: {}, query: new URLSearchParams(query), contentType: undefined, owner: undefined },
    ...{ signal, answeredByMs: 0, body: Buffer.from(body) },
  });
}

test.each<[string, Record<string, string>, string, { binary: string; classPath: string[] }]>([
  [
    "the jar of the main class first",
    { cp: "lib,jobs,base", mainClass: "a.Job" },
    "",
    { binary: "jobs", classPath: ["lib", "base"] },
  ],
  [
    "the jars of the context in front",
    { appName: "jobs", classPath: "a.Job", context: "named" },
    "",
    { binary: "jobs", classPath: ["base"] },
  ],
  [
    "the jars of the job",
    { appName: "jobs", classPath: "a.Job" },
    'dependent-jar-uris = ["lib", "base"]',
    { binary: "jobs", classPath: ["lib", "base"] },
  ],
  [
    "the jars of a context of its own",
    { appName: "jobs", classPath: "a.Job" },
    "spark.context-settings.dependent-jar-uris = [lib]",
    { binary: "jobs", classPath: ["lib"] },
  ],
  ["each jar once", { cp: "lib,jobs,lib", mainClass: "a.Job" }, "", { binary: "jobs", classPath: ["lib"] }],
  [
    "a class that no jar lists, in the last jar",
    { cp: "lib,jobs", mainClass: "a.Inherited" },
    "",
    { binary: "jobs", classPath: ["lib"] },
  ],
  ["a module alone", { cp: "module", mainClass: "com.example.Job" }, "", { binary: "module", classPath: [] }],
])("readSubmission() names %s", async (_, query, body, expected) => {
  expect(await read(query, body)).toMatchObject(expected);
});

test("readSubmission() gives a context of one job the runtime of its binary, whatever the configuration says", async () => {
  const factory = { "context-factory": "spark.jobserver.context.SessionContextFactory", "num-cpu-cores": 2 };
  const module = await read({ appName: "module", classPath: "Job" }, "", factory);
  expect(module.contextSettings).toMatchObject({
    runtime: Runtime.DENO,
    cpuCores: 2,
    settings: { "num-cpu-cores": 2 },
  });
  const jar = await read({ appName: "jobs", classPath: "a.Job" }, "", { ...factory, runtime: "DENO" });
  expect(jar.contextSettings).toMatchObject({ runtime: Runtime.SPARK, cpuCores: 0, settings: factory });
});
