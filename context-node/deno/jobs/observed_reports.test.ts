import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Runtime, Sandbox } from "../../runtime/mod.ts";
import { bundle, moduleOf, NOOP_OBSERVER, outcomeOf, run, startSandbox, startTestRuntime } from "../testing/mod.ts";

let runtime: Runtime;
let sandbox: Sandbox;
beforeAll(async () => {
  runtime = await startTestRuntime();
  sandbox = await startSandbox(runtime);
});
afterAll(() => runtime[Symbol.asyncDispose]());

test("log, console and progress are told in order, before the outcome", async () => {
  const job = run(
    sandbox,
    await bundle(`export const job = async ({ log, progress }) => {
      log.debug("one", { a: 1 });
      console.log("two %s", "formatted", [1, "x"]);
      progress(0.25, "quarter", { rows: 10n });
      console.group("three");
      console.warn("indented");
      console.groupEnd();
      await 0;
      log.error(new Error("four").message);
      console.table([{ a: 1 }]);
    };`),
  );
  await job.outcome;
  expect(job.reports.slice(1)).toEqual([
    "debug one { a: 1 }",
    'info two formatted [ 1, "x" ]',
    "progress 0.25 quarter",
    "info three",
    "warn   indented",
    "error four",
    expect.stringMatching(/^info ┌/),
  ]);
  expect(job.progress).toEqual([{ fraction: 0.25, message: "quarter", fields: { rows: 10 }, stages: [] }]);
});

test("what the console prints when the signal is aborted is told", async () => {
  const job = run(
    sandbox,
    await bundle(`export const job = ({ signal, progress }) => new Promise((resolve) => {
      signal.addEventListener("abort", () => { console.log("stopping"); resolve(); });
      progress(0);
    });`),
  );
  await job.until("progress");
  job.abort("cancelled");
  await job.outcome;
  expect(job.reports.slice(2)).toEqual(["info stopping"]);
});

test("of fast progress the newest is told, and always the last", async () => {
  const source = "export const job = ({ progress }) => { for (let i = 0; i <= 1000; i++) progress(i / 1000); };";
  const job = run(sandbox, await bundle(source));
  await job.outcome;
  expect(job.progress.length).toBeLessThan(20);
  expect(job.progress.at(0)?.fraction).toBe(0);
  expect(job.progress.at(-1)?.fraction).toBe(1);
});

test("progress and log of a job that never yields are told while it runs", async () => {
  const job = run(
    sandbox,
    await bundle(`export const job = ({ log, progress }) => {
      log.info("begun");
      for (let i = 0; ; i = (i + 1) % 100) progress(i / 100);
    };`),
  );
  await job.until("running");
  await job.until("info begun");
  await expect.poll(() => job.progress.length).toBeGreaterThan(2);
  job.terminate();
  expect(await job.outcome).toEqual({ type: "terminated" });
});

test("a job that never yields and says nothing is told to run", async () => {
  const job = run(sandbox, await bundle("export const job = () => { while (true); };"));
  await job.until("running");
  job.terminate();
  expect(await job.outcome).toEqual({ type: "terminated" });
  expect(job.reports).toHaveLength(1);
});

test("a flood of log lines is cut, with a notice", async () => {
  const job = run(
    sandbox,
    await bundle("export const job = () => { for (let i = 0; i < 50_000; i++) console.log(i); };"),
  );
  await job.outcome;
  expect(job.reports.length).toBeGreaterThan(2000);
  expect(job.reports.length).toBeLessThan(50_000);
  expect(job.reports.at(-1)).toMatch(/^warn \d+ lines were dropped: a job may log 2000 lines a second$/);
});

test("a long line is cut", async () => {
  const job = run(sandbox, await bundle("export const job = ({ log }) => log.info('x'.repeat(20_000));"));
  await job.outcome;
  expect(job.reports.at(-1)).toMatch(/^info x{16384}… \(3616 more characters\)$/);
});

test.for<[string, string]>([
  ["progress(2)", "Cannot report progress 2: it is not a number between 0 and 1"],
  ["progress(NaN)", "Cannot report progress NaN: it is not a number between 0 and 1"],
  ["progress(0, '', { f() {} })", "Cannot represent the fields of a progress report as JSON: fields.f is a function"],
  ["progress('0.5')", 'Cannot report progress: its fraction is "0.5", not a number between 0 and 1'],
  ["progress(Object(0.5))", "Cannot report progress: its fraction is an object, not a number between 0 and 1"],
  ["progress(Object.create(null))", "Cannot report progress: its fraction is an object, not a number between 0 and 1"],
  ["progress(0, { rows: 1 })", "Cannot report progress: its message is an object, not a string"],
  ["progress(0, new Error('no'))", "Cannot report progress: its message is an Error, not a string"],
  [
    "progress(0, '', new Date())",
    "Cannot report progress: its fields are not an object with a value for each name, but a Date",
  ],
  ["progress(0, '', new Set([1]))", "its fields are not an object with a value for each name, but an object"],
  ["progress(0, '', new Map([[{}, 1]]))", "its fields are not an object with a value for each name, but an object"],
  ["progress(0, '', new Uint8Array(2))", "its fields are not an object with a value for each name, but an object"],
  [
    "progress(0, '', { toJSON: () => 'text' })",
    "its fields are not an object with a value for each name, but an object",
  ],
  ["progress(0, '', 5n)", "its fields are not an object with a value for each name, but the bigint 5"],
])("%s throws", async ([call, message]) => {
  expect(await outcomeOf(sandbox, `export const job = ({ progress }) => { ${call}; };`)).toMatchObject({
    type: "failed",
    error: { name: "TypeError", message: expect.stringContaining(message) },
  });
});

test.for<[string, string, unknown]>([
  ["progress(0.5, 7)", "7", undefined],
  ["progress(0.5, null, null)", "", undefined],
  [
    "progress(0.5, 'm', new Map([['rows', 10n], ['at', new Date(0)]]))",
    "m",
    { rows: 10, at: "1970-01-01T00:00:00.000Z" },
  ],
  ["progress(0.5, 'm', new (class { rows = new Number(3); none = undefined; })())", "m", { rows: 3 }],
])("%s is reported as it is", async ([call, message, fields]) => {
  const job = run(sandbox, await bundle(`export const job = ({ progress }) => { ${call}; };`));
  expect(await job.outcome).toMatchObject({ type: "succeeded" });
  expect(job.progress).toEqual([{ fraction: 0.5, message, fields, stages: [] }]);
});

test("what a finished job leaves behind is not heard any more", async () => {
  const program = await bundle(`let late;
    export const job = ({ log, progress }) => { late = () => { log.info("late"); progress(1); console.log("late"); }; };
    export const next = () => late();`);
  const first = run(sandbox, program);
  await first.outcome;
  const next = run(sandbox, program, { entryPoint: "next" });
  await next.outcome;
  expect(first.reports).toHaveLength(1);
  expect(next.reports.slice(1)).toEqual(["info late"]);
});

test.for([
  ["in nanoseconds", "() => real() * 1e6"],
  ["beyond the year 10000", "() => 8e15"],
  ["that is no number", "() => NaN"],
  ["that throws", "() => { throw new Error('no clock'); }"],
])("a job with a clock %s logs lines at the time that it is", async ([, clock]) => {
  const program = await bundle(`export const job = ({ log, progress }) => {
    const real = Date.now;
    Date.now = ${clock};
    performance.now = Date.now;
    console.log("a line");
    log.info("another");
    progress(0.5);
    Date.now = real;
    return "done";
  };`);
  await using own = await startSandbox(runtime);
  const times: unknown[] = [];
  const before = Date.now();
  const job = {
    jobId: randomUUID(),
    binaryDigest: program.digest,
    artifact: moduleOf(program),
    entryPoint: "job",
    config: "{}",
  };
  const { outcome } = own.run(job, {
    ...NOOP_OBSERVER,
    logged: (lines) => void times.push(...lines.map(({ time }) => Number(time))),
  });
  expect(await outcome).toEqual({ type: "succeeded", json: '"done"' });
  expect(times).toHaveLength(2);
  for (const time of times) {
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  }
});

test("a result that is too long for one report is the same, and so is one that a cancelled job returns", async () => {
  const program = await bundle(`export const job = async ({ signal, config, progress }) => {
    progress(0);
    if (config.waits) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return Array.from({ length: 100_000 }, (_, index) => "row " + index);
  };`);
  for (const waits of [false, true]) {
    const job = run(sandbox, program, { config: { waits } });
    await job.until("progress");
    job.abort("cancelled");
    expect(await job.outcome).toEqual({ type: "streamed" });
    const rows = JSON.parse(Buffer.concat(job.parts).toString());
    expect([rows.length, rows.at(-1)]).toEqual([100_000, "row 99999"]);
  }
});

test("what is longer than a report may be is cut in the job, and ends no sandbox", async () => {
  const program = await bundle(`const long = "x".repeat(100_000);
    export const job = ({ progress, log }) => {
      progress(0.5, long, { long });
      log.info(long);
      const error = new Error(long);
      error.name = long;
      throw error;
    };
    export const refusing = { validate: () => Array.from({ length: 50 }, () => long), run: () => 1 };`);
  const failed = await run(sandbox, program).outcome;
  expect(failed).toMatchObject({
    type: "failed",
    error: { message: expect.stringMatching(/^x{16384}… \(83616 more characters\)$/) },
  });
  const rejected = await run(sandbox, program, { entryPoint: "refusing" }).outcome;
  expect(rejected).toMatchObject({ type: "rejected", problems: { length: 20 } });
  expect(sandbox.load().executors).toBe(1);
});

test.for([
  ["a list", "[1, 2]"],
  ["a text", '"text"'],
  ["what says a text as JSON", "new Date(0)"],
])("progress with fields that are %s throws", async ([, fields]) => {
  expect(
    await outcomeOf(sandbox, `export const job = ({ progress }) => { progress(0, "", ${fields}); };`),
  ).toMatchObject({
    type: "failed",
    error: { name: "TypeError", message: expect.stringContaining("its fields are not an object") },
  });
});

test("the clock of a job changes no time of its log", async () => {
  const source = `export const job = () => {
    Date.now = () => 8e15;
    console.log("a line");
    return "done";
  };`;
  await using own = await startSandbox(runtime);
  const times: (Date | undefined)[] = [];
  const program = await bundle(source);
  const { outcome } = own.run(
    {
      jobId: "j",
      binaryDigest: program.digest,
      artifact: moduleOf(program),
      entryPoint: "job",
      config: "{}",
    },
    { ...NOOP_OBSERVER, logged: (lines) => times.push(...lines.map(({ time }) => time)) },
  );
  expect(await outcome).toEqual({ type: "succeeded", json: '"done"' });
  expect(Math.abs(Number(times[0]) - Date.now())).toBeLessThan(60_000);
});
