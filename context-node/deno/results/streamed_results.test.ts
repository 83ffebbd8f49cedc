import { afterAll, beforeAll, expect, test } from "vitest";
import type { Runtime, Sandbox } from "../../runtime/mod.ts";
import {
  bundle,
  outcomeOf,
  type RunningTestJob,
  type RunOptions,
  run,
  startSandbox,
  startTestRuntime,
} from "../testing/mod.ts";

let runtime: Runtime;
let sandbox: Sandbox;
beforeAll(async () => {
  runtime = await startTestRuntime();
  sandbox = await startSandbox(runtime);
});
afterAll(() => runtime[Symbol.asyncDispose]());

async function start(source: string, options?: RunOptions): Promise<RunningTestJob> {
  return run(sandbox, await bundle(source), options);
}

/** All parts of a job's result. */
async function streamed(source: string): Promise<Buffer> {
  const job = await start(source);
  expect(await job.outcome).toEqual({ type: "streamed" });
  return Buffer.concat(job.parts);
}

test.for<[string, string, unknown]>([
  ["nothing", "", []],
  ["one value", "yield { a: 1 };", [{ a: 1 }]],
  [
    "values of all kinds",
    "yield new Map([['a', 1n]]); yield undefined; yield new Uint8Array([1]);",
    [{ a: 1 }, null, "AQ=="],
  ],
  ["the values of another", "yield* [1, 2]; yield* (async function* () { yield 3; })();", [1, 2, 3]],
  ["text of many characters", "yield 'ü😀'.repeat(200_000); yield 1;", ["ü😀".repeat(200_000), 1]],
])("an async iterable of %s is a JSON array", async ([, body, expected]) => {
  const text = (await streamed(`export async function* job() { ${body} }`)).toString();
  expect(JSON.parse(text)).toEqual(expected);
});

test("what a promise resolves to is streamed too, and said to be JSON", async () => {
  const job = await start("export const job = async () => (async function* () { yield 1; })();");
  await job.outcome;
  expect(job.reports.filter((text) => text.startsWith("result"))).toEqual(["result application/json"]);
  expect(Buffer.concat(job.parts).toString()).toBe("[1]");
});

test("a ReadableStream of bytes and text is its bytes", async () => {
  const job = await start(`export const job = () => ReadableStream.from([
    new Uint8Array([1, 2]), new Uint8Array([3, 4]).buffer, "ü", new Uint8Array([0, 5, 0]).subarray(1, 2),
  ]);`);
  expect(await job.outcome).toEqual({ type: "streamed" });
  expect(job.reports.filter((text) => text.startsWith("result"))).toEqual(["result application/octet-stream"]);
  expect([...Buffer.concat(job.parts)]).toEqual([1, 2, 3, 4, 0xc3, 0xbc, 5]);
});

test("millions of bytes arrive in order, from a job that uses its buffer again", async () => {
  const bytes = await streamed(`export const job = () => ReadableStream.from((function* () {
    const buffer = new Uint8Array(100_000);
    for (let n = 0; n < 30; n++) { buffer.fill(n); yield buffer; }
  })());`);
  expect(bytes.length).toBe(3_000_000);
  expect(bytes.findIndex((byte, index) => byte !== Math.floor(index / 100_000))).toBe(-1);
});

test("parts come while the job runs", async () => {
  const job = await start(`export async function* job({ signal }) {
    yield 1;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  }`);
  await job.until("part [1");
  job.abort("cancelled");
  expect(await job.outcome).toMatchObject({ type: "failed", error: { name: "AbortError" } });
});

test("parts of a job that never yields to a timer come too", async () => {
  const job = await start(`export async function* job() {
    yield 1;
    for (const start = performance.now(); performance.now() < start + 30; );
    yield 2;
    while (true);
  }`);
  await expect.poll(() => Buffer.concat(job.parts).toString()).toBe("[1,2");
  job.terminate();
  expect(await job.outcome).toEqual({ type: "terminated" });
});

test("a job makes no more than a little that is not taken", async () => {
  const full = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  let parts = 0;
  const job = await start(`export async function* job() { for (let n = 0; n < 200; n++) yield "x".repeat(10_000); }`, {
    async keepPart() {
      parts += 1;
      if (parts === 8) full.resolve();
      await taken.promise;
    },
  });
  await full.promise;
  // Time for more to come, if it did.
  await outcomeOf(sandbox, "export const job = () => new Promise((resolve) => setTimeout(resolve, 50));");
  expect(job.parts.length).toBe(8);
  taken.resolve();
  expect(await job.outcome).toEqual({ type: "streamed" });
  expect(Buffer.concat(job.parts).length).toBe(200 * 10_003 + 1);
});

test("a job whose result is refused fails, and is closed", async () => {
  const source = `export async function* job({ log }) {
    try { while (true) yield "x".repeat(10_000); } finally { log.info("closed"); }
  }`;
  const job = await start(source, { keepPart: () => Promise.reject(new Error("no more than this")) });
  expect(await job.outcome).toMatchObject({ type: "failed", error: { reason: 11, message: "no more than this" } });
  expect(job.reports).toContain("info closed");
});

test("a result that is refused at its last part fails the job", async () => {
  const job = await start("export async function* job() { yield 1; }", {
    keepPart: () => Promise.reject(new Error("the disk is full")),
  });
  expect(await job.outcome).toMatchObject({ type: "failed", error: { message: "the disk is full" } });
});

test.for<[string, NonNullable<RunOptions["keepPart"]>]>([
  ["yields", async () => {}],
  ["waits for room", () => new Promise(() => {})],
])("an endless job that %s ends when its signal is aborted", async ([, keepPart]) => {
  const job = await start(`export async function* job() { while (true) yield "x".repeat(10_000); }`, { keepPart });
  await job.until("part");
  job.abort("deadline");
  expect(await job.outcome).toMatchObject({ type: "failed", error: { name: "TimeoutError", message: "deadline" } });
});

test.for<[string, string, string]>([
  ["an error after some values", "export async function* job() { yield 1; throw new RangeError('late'); }", "late"],
  [
    "a function",
    "export async function* job() { yield 1; yield () => {}; }",
    "Cannot represent the result as JSON: result[1] is a function",
  ],
  [
    "a stream of values",
    "export const job = () => ReadableStream.from([{ a: 1 }]);",
    "Cannot stream the result: a ReadableStream is of bytes or text; return an async iterable to stream an array of values",
  ],
])("%s fails the job", async ([, source, message]) => {
  expect(await outcomeOf(sandbox, source)).toMatchObject({ type: "failed", error: { message } });
});

test("jobs that share an executor stream apart", async () => {
  await using shared = await startSandbox(runtime, { jobsPerExecutor: 4 });
  const program = await bundle(`export async function* job({ config }) {
    for (let n = 0; n < 300; n++) { yield config.text.repeat(1000); if (n % 50 === 0) await 0; }
  }`);
  const jobs = ["a", "b", "c"].map((text) => run(shared, program, { config: { text } }));
  await Promise.all(jobs.map(({ outcome }) => outcome));
  expect(jobs.map(({ parts }) => new Set(JSON.parse(Buffer.concat(parts).toString())))).toEqual(
    ["a", "b", "c"].map((text) => new Set([text.repeat(1000)])),
  );
});
