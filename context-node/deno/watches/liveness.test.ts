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

/** Returns the numbers of the executors that have a thread. */
function threadsOf(sandbox: Sandbox): number[] {
  return (readThreads(sandbox.processId ?? 0)?.executors ?? []).map(({ executor }) => executor).sort();
}

/** Source of a job whose code continues after its end, in the same turn of the event loop, before the executor can take another run. */
function leave(body: string): string {
  return `export const leave = () => { void (async () => { for (let tick = 0; tick < 20; tick++) await 0; ${body} })(); };`;
}

test.for<[string, string]>([
  ["computes without a pause", "for (;;);"],
  ["waits without a pause", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"],
  ["continues in microtasks", "for (;;) await 0;"],
])("a job moves to another executor when code of an ended job %s", async ([, body]) => {
  await using sandbox = await startSandbox(runtime);
  const program = await bundle(`
    ${leave(body)}
    export const job = () => "next";`);
  expect(await run(sandbox, program, { entryPoint: "leave" }).outcome).toMatchObject({ type: "succeeded" });
  const next = run(sandbox, program);
  expect(await next.outcome).toEqual({ type: "succeeded", json: '"next"' });
  // A waiting thread wakes up when it is terminated, and may still run the job before it ends.
  expect(next.reports).toEqual([expect.stringMatching(/^running [12]$/)]);
  await until("the blocked executor has ended", () => !threadsOf(sandbox).includes(1));
});

test("abort reaches a job on the executor that it moved to", async () => {
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

test("terminate ends a job that its executor has not taken", async () => {
  await using sandbox = await startSandbox(runtime);
  const program = await bundle(`
    ${leave("for (;;);")}
    export const job = () => "next";`);
  await run(sandbox, program, { entryPoint: "leave" }).outcome;
  const next = run(sandbox, program);
  next.terminate();
  expect(await next.outcome).toEqual({ type: "terminated" });
});

test("an executor that uses CPU time without a job is ended", async () => {
  await using sandbox = await startSandbox(runtime);
  const source = `export const job = () => {
    setInterval(() => { const end = performance.now() + 9; while (performance.now() < end); }, 1);
  };`;
  await resultOf(sandbox, source);
  await expect.poll(() => sandbox.load().executors).toBe(0);
  await expect.poll(() => threadsOf(sandbox)).toEqual([]);
  expect(await resultOf(sandbox, "export const job = () => 'next';")).toBe("next");
});

test("an executor with cheap timers is kept", async () => {
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

test("an executor that is busy with one job is kept, and its other jobs wait", async () => {
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

test("terminate leaves no thread of a job", async () => {
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

test("native computations that outlive their job end a sandbox without jobs", async () => {
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
    message: "Native computations of ended jobs did not stop",
  });
});

test("a sandbox whose process is stopped counts as crashed", async () => {
  await using sandbox = await startSandbox(runtime);
  process.kill(sandbox.processId ?? 0, "SIGSTOP");
  expect(await sandbox.closed).toEqual({
    type: "crashed",
    message: "The sandbox did not respond for 15 s",
  });
});
