import { readFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FileSource, Runtime, Sandbox } from "../../runtime/mod.ts";
import { NETWORK_MODULES, OWN_MODULES, PARTIAL_MODULES, WHOLE_MODULES } from "../sandbox/confinement/reach.ts";
import { bundle, type Program, resultOf, run, sourceOf, startSandbox, startTestRuntime } from "../testing/mod.ts";

let runtime: Runtime;
let program: Program;
beforeAll(async () => {
  runtime = await startTestRuntime();
  program = await bundle(await readFile(new URL("../testing/spy_job.ts", import.meta.url), "utf8"));
});
afterAll(() => runtime[Symbol.asyncDispose]());

const FILES: FileSource = {
  list: async () => ["rates.csv"],
  open: async () => new Blob(["EUR,1"]).stream(),
};

/** What the victim's config has, and no other job may see before the victim's own code has it. */
const SECRET = "the-config-of-another-run";

test("a job that watches every method of every object sees nothing of its executor, and other jobs are reported right", async () => {
  await using sandbox = await startSandbox(runtime, { jobsPerExecutor: 4 }, { files: FILES });
  const spy = run(sandbox, program, { entryPoint: "spy" });
  await spy.until("progress");

  const victim = run(sandbox, program, { entryPoint: "victim", config: { password: SECRET } });
  expect(await victim.outcome).toEqual({
    type: "succeeded",
    json: '{"length":25,"files":["rates.csv"],"text":"EUR,1","created":{"rows":[1]},"got":2,"names":1}',
  });
  expect(victim.reports.slice(1)).toEqual([
    "info a line",
    "info of the console",
    "progress 0.5 half",
    "progress 1 done",
  ]);

  const failing = run(sandbox, program, { entryPoint: "failing", config: { password: SECRET } });
  expect(await failing.outcome).toMatchObject({ type: "failed", error: { name: "RangeError", message: "as planned" } });

  const rejected = run(sandbox, program, { entryPoint: "rejecting", config: { password: SECRET } });
  expect(await rejected.outcome).toEqual({ type: "rejected", problems: ["one", "two"] });

  const streaming = run(sandbox, program, { entryPoint: "streaming", config: { password: SECRET } });
  expect(await streaming.outcome).toMatchObject({ type: "streamed" });
  expect(Buffer.concat([...streaming.parts]).toString()).toBe('[{"row":0},{"row":1},{"row":2}]');

  const aborted = run(sandbox, program, { entryPoint: "waiting", config: { password: SECRET } });
  await aborted.until("progress");
  aborted.abort("cancelled");
  expect(await aborted.outcome).toEqual({ type: "succeeded", json: '"cancelled"' });

  spy.abort("cancelled");
  expect(await spy.outcome).toEqual({ type: "succeeded", json: "[]" });
});

const MODULES = [...WHOLE_MODULES, ...Object.keys(PARTIAL_MODULES), ...Object.keys(NETWORK_MODULES), ...OWN_MODULES];

interface Spied {
  /** Functions and accessors that the job replaced. */
  readonly replaced: number;
  /** Objects that a replacement got. */
  readonly recorded: number;
  /** Those that only Deno, Node and the executor may hold. */
  readonly found: readonly string[];
  readonly did: readonly string[];
}

/** Where the replaced methods are: all at once, and apart, since one replacement can keep another from being called. */
const REPLACED = ["", "Promise", "Array", "Map", "events", "stream.", "Readable"];

test.each(REPLACED)(
  'a job that replaces what it reaches below "%s" gets nothing that only Deno and Node may hold',
  async (only) => {
    await using sandbox = await startSandbox(runtime, {}, { files: FILES });
    const { replaced, recorded, found, did } = await spyOn(sandbox, { only });
    expect(found).toEqual([]);
    expect(replaced).toBeGreaterThan(only === "" ? 3000 : 0);
    expect(recorded).toBeGreaterThan(only === "" ? 2000 : 0);
    expect(did).toEqual(expect.arrayContaining(["streams: done", "node:stream: done", "node:zlib: done", "log: done"]));
  },
);

test("a job that replaces what it reaches and has network gets nothing that only Deno and Node may hold", async () => {
  const tcp = createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(0, "127.0.0.1");
  const http = createHttpServer(({ url }, response) => {
    if (url !== "/slow") response.end("hello");
  }).listen(0, "127.0.0.1");
  try {
    await using sandbox = await startSandbox(runtime, { permissions: { net: ["127.0.0.1"], secrets: [] } });
    const ports = { tcp: (tcp.address() as AddressInfo).port, http: (http.address() as AddressInfo).port };
    const { found, did } = await spyOn(sandbox, { only: "", ...ports });
    expect(found).toEqual([]);
    expect(did).toEqual(
      expect.arrayContaining(["Deno.connect: done", "fetch: done", "node:net: done", "node:http: done"]),
    );
  } finally {
    tcp.close();
    http.closeAllConnections();
    http.close();
  }
});

async function spyOn(sandbox: Sandbox, config: object): Promise<Spied> {
  const source = await sourceOf(new URL("../testing/spy/job.ts", import.meta.url));
  return (await resultOf(sandbox, source, { config: { modules: MODULES, ...config } })) as Spied;
}

test("a job cannot take resources of its executor by their number", async () => {
  const tcp = createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(0, "127.0.0.1");
  const source = `export const job = async ({ config: { port } }) => {
    const messages = [];
    const client = Deno.createHttpClient({});
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const parent = Object.getPrototypeOf(Object.getPrototypeOf(connection));
    for (const each of [Deno.HttpClient, client.constructor, connection.constructor, parent.constructor]) {
      try { new each(0).close(); messages.push("closed"); } catch ({ message }) { messages.push(message); }
    }
    messages.push(client instanceof Deno.HttpClient);
    client.close();
    connection.close();
    return messages;
  }`;
  try {
    await using sandbox = await startSandbox(runtime, { permissions: { net: ["127.0.0.1"], secrets: [] } });
    expect(await resultOf(sandbox, source, { config: { port: (tcp.address() as AddressInfo).port } })).toEqual([
      "Cannot construct HttpClient: only Deno does",
      "Cannot construct HttpClient: only Deno does",
      "Cannot construct TcpConn: only Deno does",
      "Cannot construct Conn: only Deno does",
      true,
    ]);
  } finally {
    tcp.close();
  }
});
