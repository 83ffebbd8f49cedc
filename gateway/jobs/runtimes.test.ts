import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Dao } from "../../plugins/contract/mod.ts";
import memory from "../../plugins/dao-memory/mod.ts";
import { Binary_Type, Context_State, JobSpecSchema, NodeRuntimeSchema, Runtime } from "../../proto/mod.ts";
import type { GatewayMessage } from "../../proto/node.ts";
import { sampleBinary, sampleContext } from "../../test/contract/samples.ts";
import { TestPublishing } from "../../test/nats/publishing.ts";
import { log } from "../../test/silent_log.ts";
import type { NodeSession } from "../nodes/mod.ts";
import { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { type SubmitDeps, submitJob } from "./submit.ts";

const { signal } = new AbortController();
const MIB = 1024n * 1024n;

let dao: Dao;
let commands: { nodeId: string; command: NonNullable<GatewayMessage["message"]> }[];
let released: string[];

beforeEach(async () => {
  dao = await memory.start({ config: {}, log: { info() {}, warn() {} }, signal });
  commands = [];
  released = [];
  const jar = { type: Binary_Type.JAR, runtime: Runtime.SPARK };
  const binaries = [
    sampleBinary("module", 1, { entryPoints: ["Job"] }),
    sampleBinary("jar", 2, { ...jar, entryPoints: ["com.example.Job"], scalaVersion: "2.12", javaVersion: 11 }),
    sampleBinary("library", 3, { ...jar, entryPoints: [], scalaVersion: "2.12" }),
  ];
  for (const binary of binaries) await dao.binaries.insert(binary);
  const running = { nodeId: "deno", state: Context_State.RUNNING };
  await dao.contexts.insert(sampleContext(1, { ...running, name: "of-deno" }));
  const settings = { runtime: Runtime.SPARK };
  await dao.contexts.insert(sampleContext(2, { ...running, nodeId: "spark", name: "of-spark", settings }));
});

afterEach(() => dao[Symbol.asyncDispose]());

const SPARK = { runtime: Runtime.SPARK, available: true };

const DENO_NODE = node("deno", [
  { runtime: Runtime.DENO, available: true },
  { runtime: Runtime.SPARK, detail: "Java was not found; install Java 17" },
]);

test("submitJob() runs a jar on a node that has Spark, with its class path", async () => {
  await submit({ binary: "jar", classPath: ["library"] }, [DENO_NODE, sparkNode("3.5.9")]);
  expect(commands.map(({ nodeId }) => nodeId)).toEqual(["spark", "spark"]);
  expect(commands.map(({ command }) => command)).toMatchObject([
    { $case: "startContext", value: { settings: { runtime: 2, memoryBytes: Number(1024n * MIB) } } },
    {
      $case: "runJob",
      value: {
        runtime: 2,
        binary: "jar",
        entryPoint: "com.example.Job",
        classPath: [{ name: "library" }],
      },
    },
  ]);
});

test("submitJob() passes a class to Spark even if the jar does not list it as a job", async () => {
  await submit({ binary: "library", entryPoint: "com.example.Inherited" }, [sparkNode("3.5.9")]);
  expect(commands.at(-1)?.command).toMatchObject({ value: { entryPoint: "com.example.Inherited" } });
});

test("submitJob() runs a module on a node that announces no runtimes", async () => {
  await submit({ binary: "module" }, [node("old", [])]);
  expect(commands.map(({ nodeId }) => nodeId)).toEqual(["old", "old"]);
});

test("submitJob() explains why no node runs a jar", async () => {
  await expectRefused(
    submit({ binary: "jar" }, [DENO_NODE, node("old", [])]),
    'no context node runs SPARK contexts (node "deno": Java was not found; install Java 17; node "old": announces no runtime SPARK)',
  );
});

test.each<[string, MessageInitShape<typeof JobSpecSchema>, string]>([
  [
    "a jar in a context of Deno",
    { binary: "jar", context: "of-deno" },
    'Cannot run binary "jar" in context "of-deno": it is a jar, which needs the runtime SPARK, and the context has DENO',
  ],
  [
    "a module in a Spark context",
    { binary: "module", context: "of-spark" },
    "it is a program in TypeScript or JavaScript, which needs the runtime DENO, and the context has SPARK",
  ],
  [
    "a module where the settings ask for Spark",
    { binary: "module", contextSettings: { runtime: Runtime.SPARK } },
    "in a context of its own",
  ],
  [
    "a query in a context of Deno",
    { sql: { statement: "SELECT 1" }, context: "of-deno" },
    'Cannot run the query in context "of-deno": it needs the runtime SPARK',
  ],
  [
    "a module on the class path of a jar",
    { binary: "jar", classPath: ["module"] },
    'Cannot put binary "module" on the class path: it is TypeScript',
  ],
  [
    "a driver with too little memory",
    { binary: "jar", contextSettings: { memoryBytes: 256n * MIB } },
    "must be at least 536870912 for a Spark context",
  ],
  ["a jar without a main class", { binary: "library" }, 'Cannot run without entry point of binary "library"'],
])("submitJob() refuses %s before it starts anything", async (_, spec, message) => {
  await expectRefused(submit(spec, [DENO_NODE, sparkNode("3.5.9")]), message);
});

test("submitJob() refuses a jar for another Scala than the node's Spark", async () => {
  const submitting = submit({ binary: "jar" }, [sparkNode("4.3.0")]);
  await expectRefused(submitting, 'it is compiled for Scala 2.12, not for 2.13; node "spark" runs Spark 4.3.0');
  expect(released).toHaveLength(1);
});

test("submitJob() refuses a jar for another Scala or Java than the node announces", async () => {
  const scala = [node("spark", [{ ...SPARK, version: "3.5.9", scalaVersion: "2.13" }])];
  await expectRefused(submit({ binary: "jar" }, scala), "compiled for Scala 2.12, not for 2.13");
  const java = [node("spark", [{ ...SPARK, version: "3.5.9", scalaVersion: "2.12", javaVersion: 8 }])];
  await expectRefused(submit({ binary: "jar" }, java), "compiled for Java 11, which is newer than 8");
});

test("submitJob() places a jar on a node with a compatible Spark, even if another has more memory", async () => {
  const four = { ...sparkNode("4.3.0"), nodeId: "four", freeMemoryBytes: 2 ** 41 } as NodeSession;
  await submit({ binary: "jar" }, [four, sparkNode("3.5.9")]);
  expect(commands.map(({ nodeId }) => nodeId)).toEqual(["spark", "spark"]);
});

async function expectRefused(submitting: Promise<unknown>, message: string): Promise<void> {
  await expect(submitting).rejects.toThrow(message);
  expect(commands).toEqual([]);
  expect(await dao.jobs.list({}, { limit: 10 })).toEqual([]);
}

function sparkNode(version: string): NodeSession {
  return node("spark", [{ ...SPARK, version }]);
}

function node(nodeId: string, runtimes: readonly MessageInitShape<typeof NodeRuntimeSchema>[]): NodeSession {
  return {
    ...{ nodeId, labels: {}, load: { contexts: {} }, freeMemoryBytes: 2 ** 40 },
    runtimes: runtimes.map((runtime) => create(NodeRuntimeSchema, runtime)),
    reserve() {},
    release: (id: string) => released.push(id),
    ask(command: NonNullable<GatewayMessage["message"]>) {
      commands.push({ nodeId, command });
      return { given: Promise.resolve(undefined), [Symbol.dispose]() {} };
    },
  } as unknown as NodeSession;
}

async function submit(spec: MessageInitShape<typeof JobSpecSchema>, sessions: readonly NodeSession[]) {
  const find = (id: string) => sessions.find(({ nodeId }) => nodeId === id);
  const deps = {
    ...{
      dao,
      jobs: new JobRegistry({ dao, publishing: new TestPublishing(), nodeOf: async () => undefined, log }),
      contexts: new ContextRegistry({ dao, publishOutbox() {} }),
      jobConfig: {},
    },
    nodes: { session: find, sessions: () => sessions, placementWaitMs: 0 },
    checkCallbackUrl() {},
  } as unknown as SubmitDeps;
  return submitJob(deps, { spec: create(JobSpecSchema, spec), requestId: "", caller: undefined, signal });
}
