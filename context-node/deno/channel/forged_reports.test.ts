import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Runtime } from "../../runtime/mod.ts";
import type { ExecutorReport, SandboxReport } from "../sandbox/messages/protocol.ts";
import { type HostileSandboxes, startHostileSandboxes } from "../testing/hostile_sandbox.ts";
import { resultOf, startSandbox, startTestRuntime } from "../testing/mod.ts";
import { parseReports } from "./report_schemas.ts";

let hostile: HostileSandboxes;
let honest: Runtime;
beforeAll(async () => {
  hostile = await startHostileSandboxes();
  honest = await startTestRuntime();
});
afterAll(async () => {
  await hostile[Symbol.asyncDispose]();
  await honest[Symbol.asyncDispose]();
});

const ERROR = { name: "Error", message: "astray", stack: "Error: astray" };

/** One well-formed message of each type. */
const MESSAGES: readonly ExecutorReport[] = [
  { type: "validating", run: 1 },
  { type: "running", run: 1 },
  { type: "progress", run: 1, fraction: 0.5, message: "half", fields: '{"rows":1}' },
  { type: "logged", run: 1, lines: [{ level: "info", time: 1_700_000_000_000, text: "a line" }] },
  { type: "resultBegun", run: 1, mediaType: "application/json" },
  { type: "resultPart", run: 1, base64: "W10=" },
  { type: "succeeded", run: 1, json: '{"a":1}' },
  { type: "streamed", run: 1 },
  { type: "failed", run: 1, reason: "THROWN", error: ERROR },
  { type: "rejected", run: 1, problems: ["no input"] },
  { type: "denied", run: 1, message: "no net" },
  { type: "crashed", error: ERROR },
  { type: "outOfHeap" },
  { type: "dataList", request: 1 },
  { type: "dataOpen", request: 1, name: "a.csv" },
  { type: "dataPull", request: 1 },
  { type: "dataCancel", request: 1 },
];

const REPORTS: readonly SandboxReport[] = [
  { type: "ready" },
  { type: "pong" },
  ...MESSAGES.map((message) => ({ type: "reported", executor: 1, messages: [message] }) as const),
  { type: "unresponsive", executor: 1 },
  { type: "executorEnded", executor: 1, end: { type: "crashed", error: ERROR } },
  { type: "objectStored", object: { name: "x", sizeBytes: 1, createdAt: 1, expiresAt: 2 } },
  { type: "objectRemoved", name: "x" },
  { type: "objectDropped", request: 1, existed: true },
];

const VALUES: readonly unknown[] = [
  null,
  true,
  "",
  "text",
  "x".repeat(100_000),
  -1,
  0.5,
  1e300,
  8e15,
  2 ** 53,
  [],
  [null],
  {},
  { type: "ready" },
  { __proto__: null, toString: 1 },
];

/** Yields copies of a value with one error: a field replaced by another value, a field missing, or an extra field. */
function* forgeries(value: unknown): Generator<unknown> {
  for (const other of VALUES) if (typeof other !== typeof value || other === null) yield other;
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield { ...value, extra: 1 };
  for (const [key, child] of Object.entries(value)) {
    for (const forged of forgeries(child)) {
      yield Array.isArray(value) ? value.with(Number(key), forged) : { ...value, [key]: forged };
    }
    if (!Array.isArray(value) && key !== "fields" && key !== "json" && key !== "expiresAt") {
      const { [key as keyof typeof value]: _, ...without } = value;
      yield without;
    }
  }
}

test.for(REPORTS.map((report): [string, SandboxReport] => [JSON.stringify(report), report]))(
  "parseReports() accepts %s, and rejects its forgeries",
  ([, report]) => {
    expect(parseReports(JSON.stringify([report]))).toEqual({ reports: [report] });
    for (const forged of forgeries(report)) {
      // An array may be empty where JSON has none of its items, and text may be any text.
      const line = JSON.stringify([forged]);
      expect(parseReports(line), line.slice(0, 300)).toHaveProperty("error");
    }
  },
);

test.for<[string, string]>([
  ["nothing", ""],
  ["invalid JSON", "{"],
  ["a value that is not an array", '{"type":"ready"}'],
  ["an empty batch", "[]"],
  ["a batch without end", `[${'{"type":"pong"},'.repeat(5000)}{"type":"pong"}]`],
  ["deeply nested JSON", "[".repeat(100_000)],
  ["a message of Node's own channel", '{"cmd":"NODE_HANDLE","type":"net.Socket"}'],
  ["a prototype", '[{"__proto__":{"type":"ready"},"type":"ready"}]'],
])("parseReports() rejects %s", ([, line]) => {
  expect(parseReports(line)).toHaveProperty("error");
});

const reported = (...messages: unknown[]): string =>
  `${JSON.stringify([{ type: "reported", executor: 1, messages }])}\n`;
const report = (value: unknown): string => `${JSON.stringify([value])}\n`;
const RUNNING = { type: "running", run: 1 };
const BEGUN = { type: "resultBegun", run: 1, mediaType: "application/json" };
const PART = { type: "resultPart", run: 1, base64: "W10=" };

test.for<[string, string | Uint8Array]>([
  ["a line that is not JSON", "not json\n"],
  ["bytes that are not text", Buffer.from([0xff, 0xfe, 0x00, 0x0a])],
  ["a line that does not end", "x".repeat(5 * 1024 * 1024)],
  ["null instead of a message", reported(null)],
  ["ready twice", report({ type: "ready" })],
  ["a report of an unknown executor", report({ type: "reported", executor: 7, messages: [RUNNING] })],
  ["the end of an unknown executor", report({ type: "executorEnded", executor: 7, end: { type: "exited" } })],
  ["a report of an unknown run", reported({ type: "running", run: 2 })],
  [
    "a second end",
    reported(RUNNING, { type: "succeeded", run: 1, json: "1" }, { type: "succeeded", run: 1, json: "2" }),
  ],
  ["the end of a run that has not started", reported({ type: "succeeded", run: 1, json: "1" })],
  ["problems of a run that was accepted", reported(RUNNING, { type: "rejected", run: 1, problems: ["late"] })],
  ["a part of a result that was not started", reported(RUNNING, PART)],
  ["a result that is started twice", reported(RUNNING, BEGUN, BEGUN)],
  ["a result that is sent whole and in parts", reported(RUNNING, BEGUN, { type: "succeeded", run: 1, json: "1" })],
  ["the end of a streamed result that was not started", reported(RUNNING, { type: "streamed", run: 1 })],
  ["too many unacknowledged parts", reported(RUNNING, BEGUN, ...Array.from({ length: 9 }, () => PART))],
  ["an unknown media type", reported(RUNNING, { ...BEGUN, mediaType: "text/html\r\nset-cookie: a=b" })],
  ["a response to an unknown request", report({ type: "objectDropped", request: 9, existed: true })],
  [
    "a data request with an earlier number",
    reported({ type: "dataList", request: 2 }, { type: "dataList", request: 1 }),
  ],
  ["a pull of a file that was not opened", reported({ type: "dataPull", request: 3 })],
  [
    "too many named objects",
    Array.from(
      { length: 10_001 },
      (_, index) => `[{"type":"objectStored","object":{"name":"${index}","sizeBytes":1,"createdAt":1}}]\n`,
    ).join(""),
  ],
])("a sandbox that sends %s is killed as a violation", async ([, payload]) => {
  const { outcome, end } = await hostile.send(payload);
  expect(end).toEqual({ type: "violated", message: expect.stringMatching(/^The sandbox violated its protocol/) });
  expect(outcome).toMatchObject(outcome?.type === "succeeded" ? { json: "1" } : { type: "lost", end });
});

test("malformed messages of a sandbox do not affect other sandboxes of the node", async () => {
  await using sandbox = await startSandbox(honest);
  for (const payload of [
    "garbage\n",
    reported(null),
    reported({ type: "failed", run: 1, reason: "constructor", error: ERROR }),
  ]) {
    const [{ end }, result] = await Promise.all([
      hostile.send(payload),
      resultOf(sandbox, "export const job = () => 'unharmed';"),
    ]);
    expect([end.type, result]).toEqual(["violated", "unharmed"]);
  }
});

test("the node stops reading from a sandbox at the maximum number of data requests in progress", async () => {
  let lists = 0;
  const files = {
    list: () => {
      lists += 1;
      return new Promise<string[]>(() => {});
    },
    open: async () => undefined,
  };
  const requests = (count: number): string =>
    Array.from({ length: count }, (_, index) => reported({ type: "dataList", request: index + 1 })).join("");
  const { end } = await hostile.send(`${requests(64)}unread line\n`, { files, timeoutMs: 1000 });
  expect(end).toEqual({ type: "disposed" });
  expect(lists).toBe(1);
  const { end: next } = await hostile.send(`${requests(63)}read line\n`, { files });
  expect(next).toMatchObject({ type: "violated" });
});

test("the node bounds the reports of a run that wait for its source map", async () => {
  const logged = (text: string, count: number) =>
    reported({
      type: "logged",
      run: 1,
      lines: Array.from({ length: count }, () => ({ level: "info", time: 1, text })),
    });
  const progress = reported({ type: "progress", run: 1, fraction: 0.5, message: "x".repeat(4000) });
  const flood =
    logged("at bundle:sha256:0:1:1", 1) + logged("x".repeat(16_000), 100).repeat(20) + progress.repeat(1000);
  await hostile.send(`${flood}${reported({ type: "failed", run: 1, reason: "THROWN", error: ERROR })}`, {
    timeoutMs: 1,
  });
  await using sandbox = await startSandbox(hostile.runtime);
  let [characters, reports] = [0, 0];
  const { outcome } = sandbox.run(
    {
      ...{ jobId: "job", binaryDigest: "sha256:0", entryPoint: "job", config: "{}" },
      artifact: {
        type: "module",
        code: async () => "",
        // No event marks the end of the flood: the delay is the time that the node has to read all of it.
        sourceMap: () => new Promise((_, reject) => setTimeout(reject, 2000, new Error("it is gone"))),
      },
    },
    {
      ...{ validating() {}, running() {}, resultBegun() {}, async resultPart() {} },
      progress() {
        reports += 1;
      },
      logged(lines) {
        for (const { text } of lines) characters += text.length;
      },
    },
  );
  await outcome;
  expect(characters).toBeGreaterThan(1024 * 1024);
  expect(characters).toBeLessThan(6 * 1024 * 1024);
  expect(reports).toBe(1);
});

test("a sandbox that does not read its responses is killed", async () => {
  const chunk = new Uint8Array(192 * 1024);
  const files = { list: async () => [], open: async () => new ReadableStream({ pull: (to) => to.enqueue(chunk) }) };
  const requests = Array.from({ length: 64 }, (_, index) => index + 1);
  const payload = [
    ...requests.map((request) => reported({ type: "dataOpen", request, name: "x" })),
    ...requests.map((request) => reported({ type: "dataPull", request })),
  ];
  const { end } = await hostile.send(payload.join(""), { files, isDeaf: true, timeoutMs: 40_000 });
  expect(end).toEqual({ type: "crashed", message: "The sandbox did not respond for 15 s" });
});

/** Duration of the fuzz test, in seconds. */
const FUZZ_SECONDS = Number(process.env.HEARTH_FUZZ_SECONDS ?? 5);

const forgedReport = fc.constantFrom(...REPORTS).chain((each) => fc.constantFrom(each, ...forgeries(each)));
const line = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(forgedReport, { minLength: 1, maxLength: 4 }).map((batch) => JSON.stringify(batch)),
  },
  {
    weight: 4,
    arbitrary: fc
      .array(fc.constantFrom(...MESSAGES), { minLength: 1, maxLength: 6 })
      .map((messages) => JSON.stringify([{ type: "reported", executor: 1, messages }])),
  },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
);

test("no lines of a sandbox affect the node", { timeout: (FUZZ_SECONDS + 60) * 1000 }, async () => {
  const property = fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (lines) => {
    const { end } = await hostile.send(lines.map((each) => `${each}\n`).join(""), { timeoutMs: 20 });
    expect(["violated", "disposed"]).toContain(end.type);
  });
  await fc.assert(property, { interruptAfterTimeLimit: FUZZ_SECONDS * 1000, numRuns: 1_000_000 });
});
