import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import type { Runtime, Sandbox } from "../../runtime/mod.ts";
import { bundle, resultOf, run, startSandbox, startTestRuntime } from "../testing/mod.ts";
import { readThreads } from "./process_threads.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startTestRuntime();
});
afterAll(() => runtime[Symbol.asyncDispose]());

/** Numbers of the executors that have a thread. */
function threadsOf(sandbox: Sandbox): number[] {
  return (readThreads(sandbox.processId ?? 0)?.executors ?? []).map(({ executor }) => executor).sort();
}

/** A job that ends, and whose code goes on in the same turn of the event loop, as soon as its result is sent: before the executor could take another run. */
function leave(body: string): string {
  return `export const leave = () => { void (async () => { for (let tick = 0; tick < 20; tick++) await 0; ${body} })(); };`;
}

test.for<[string, string]>([
  ["computes without a pause", "for (;;);"],
  ["waits without a pause", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"],
  ["goes on in microtasks", "for (;;) await 0;"],
])("a job goes to another executor when code of an ended one %s", async ([, body]) => {
  await using sandbox = await startSandbox(runtime);
  const program = await bundle(`
    ${leave(body)}
    export const job = () => "next";`);
  expect(await run(sandbox, program, { entryPoint: "leave" }).outcome).toMatchObject({ type: "succeeded" });
  const next = run(sandbox, program);
  expect(await next.outcome).toEqual({ type: "succeeded", json: '"next"' });
  // A thread that waits wakes up when it is ended, and may run what it was given on its way out.
  expect(next.reports).toEqual([expect.stringMatching(/^running [12]$/)]);
  await until("the executor that was held up is gone", () => !threadsOf(sandbox).includes(1));
});

test("a job that was moved is aborted on its new executor", async () => {
  await using sandbox = await startSandbox(runtime);
  const program = await bundle(`
    ${leave("for (;;);")}
    export const job = ({ signal }) => new Promise((resolve) => {
      const done = () => resolve(signal.reason.message);
      signal.aborted ? done() : signal.addEventListener("abort", done);
    });`);
  await run(sandbox, program, { entryPoint: "leave" }).outcome;
  const next = run(sandbox, program);
  await next.until("running 2");
  next.abort("cancelled");
  expect(await next.outcome).toEqual({ type: "succeeded", json: '"cancelled"' });
});

test("a job that is terminated before its executor took it ends so", async () => {
  await using sandbox = await startSandbox(runtime);
  const program = await bundle(`
    ${leave("for (;;);")}
    export const job = () => "next";`);
  await run(sandbox, program, { entryPoint: "leave" }).outcome;
  const next = run(sandbox, program);
  next.terminate();
  expect(await next.outcome).toEqual({ type: "terminated" });
});

test("an executor that burns processor time without a job is ended", async () => {
  await using sandbox = await startSandbox(runtime);
  const source = `export const job = () => {
    setInterval(() => { const end = performance.now() + 9; while (performance.now() < end); }, 1);
  };`;
  await resultOf(sandbox, source);
  await expect.poll(() => sandbox.load().executors).toBe(0);
  await expect.poll(() => threadsOf(sandbox)).toEqual([]);
  expect(await resultOf(sandbox, "export const job = () => 'next';")).toBe("next");
});

test("an executor with timers that take little is kept", async () => {
  await using sandbox = await startSandbox(runtime);
  const program = await bundle(`let ticks = 0;
    export const job = () => { setInterval(() => { ticks += 1; }, 10); };
    export const look = () => ticks;`);
  await run(sandbox, program).outcome;
  const ticks = async (): Promise<number> => {
    const outcome = await run(sandbox, program, { entryPoint: "look" }).outcome;
    return outcome.type === "succeeded" ? Number(outcome.json) : -1;
  };
  await expect.poll(ticks, { interval: 500 }).toBeGreaterThan(300);
  expect(threadsOf(sandbox)).toEqual([1]);
});

test("an executor that is busy with one of its jobs keeps the others waiting, and is not taken away", async () => {
  await using sandbox = await startSandbox(runtime, { jobsPerExecutor: 2 });
  const program = await bundle(`
    export const busy = ({ progress }) => {
      progress(0);
      const end = performance.now() + 2500;
      while (performance.now() < end);
      return "done";
    };
    export const job = () => "next";`);
  const busy = run(sandbox, program, { entryPoint: "busy" });
  await busy.until("progress");
  const next = run(sandbox, program);
  expect(await busy.outcome).toEqual({ type: "succeeded", json: '"done"' });
  expect(await next.outcome).toEqual({ type: "succeeded", json: '"next"' });
  expect(next.reports).toEqual(["running 1"]);
});

test("no thread of a job is left when it was terminated", async () => {
  await using sandbox = await startSandbox(runtime);
  const program = await bundle(`export const job = ({ progress }) => { progress(0); for (;;); };`);
  const jobs = [run(sandbox, program), run(sandbox, program)];
  await Promise.all(jobs.map((job) => job.until("progress")));
  expect(threadsOf(sandbox)).toEqual([1, 2]);
  for (const job of jobs) {
    job.terminate();
    expect(await job.outcome).toEqual({ type: "terminated" });
    await expect.poll(() => threadsOf(sandbox)).toEqual(job === jobs[0] ? [2] : []);
  }
});

test("native computations that outlive their job end the sandbox once it has no job", async () => {
  await using sandbox = await startSandbox(runtime);
  const program = await bundle(`import { pbkdf2 } from "node:crypto";
    export const job = ({ progress }) => {
      for (let each = 0; each < 2; each++) pbkdf2("a", "b", 2 ** 31 - 1, 32, "sha512", () => {});
      progress(0);
      return new Promise(() => {});
    };`);
  const job = run(sandbox, program);
  await job.until("progress");
  job.terminate();
  expect(await job.outcome).toEqual({ type: "terminated" });
  expect(await sandbox.closed).toEqual({
    type: "crashed",
    message: "Native computations of jobs that have ended went on",
  });
});

test("a sandbox whose process stands still is given up", async () => {
  await using sandbox = await startSandbox(runtime);
  process.kill(sandbox.processId ?? 0, "SIGSTOP");
  expect(await sandbox.closed).toEqual({
    type: "crashed",
    message: "The sandbox gave no sign of life for 15 s",
  });
});
