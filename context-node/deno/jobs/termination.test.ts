import { afterAll, beforeAll, expect, test } from "vitest";
import type { Runtime, Sandbox } from "../../runtime/mod.ts";
import { bundle, NOOP_OBSERVER, outcomeOf, resultOf, run, startSandbox, startTestRuntime } from "../testing/mod.ts";

let runtime: Runtime;
let sandbox: Sandbox;
beforeAll(async () => {
  runtime = await startTestRuntime();
  sandbox = await startSandbox(runtime);
});
afterAll(() => runtime[Symbol.asyncDispose]());

test.for(["cancelled", "deadline", "contextStopped"] as const)(
  "the signal of an aborted job says %s",
  async (reason) => {
    const program = await bundle(`export const job = ({ signal, progress }) => new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve([signal.reason.name, signal.reason.message]));
    progress(0);
  });`);
    const job = run(sandbox, program);
    await job.until("progress");
    job.abort(reason);
    const name = reason === "deadline" ? "TimeoutError" : "AbortError";
    expect(await job.outcome).toEqual({ type: "succeeded", json: JSON.stringify([name, reason]) });
  },
);

test("a job that is aborted before it runs does not run", async () => {
  const program = await bundle(`export const job = { validate: ({ signal }) =>
    new Promise((resolve) => { signal.aborted ? resolve() : signal.onabort = () => resolve(); }), run: () => 1 };`);
  const job = run(sandbox, program);
  job.abort("cancelled");
  expect(await job.outcome).toMatchObject({ type: "failed", error: { name: "AbortError", message: "cancelled" } });
  expect(job.reports).toEqual([]);
});

test.for([
  ["that waits", "await new Promise(() => {});"],
  ["in a tight loop", "while (true);"],
  ["that catches everything", "while (true) { try { while (true); } catch {} finally { while (true); } }"],
  ["in a loop of microtasks", "while (true) await 0;"],
  ["in a blocking wait", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"],
  ["in a regular expression", "/^(a+)+$/.test('a'.repeat(40) + 'b');"],
])("terminate ends a job %s, and its code has stopped then", async ([, body]) => {
  const program = await bundle(`export const job = async ({ progress }) => { progress(0.5, "going"); ${body} };`);
  const job = run(sandbox, program);
  await job.until("progress 0.5 going");
  job.terminate();
  expect(await job.outcome).toEqual({ type: "terminated" });
  expect(await resultOf(sandbox, "export const job = () => 'next';")).toBe("next");
});

test("no code of a terminated job runs on", async () => {
  const program = await bundle(`
    const shared = ({ objects }) => objects.getOrElseCreate("turns", () => new Int32Array(new SharedArrayBuffer(4)));
    export const loop = async (job) => {
      const turns = await shared(job);
      job.progress(0);
      while (true) turns[0]++;
    };
    export const turning = async (job) => {
      const turns = await shared(job);
      const before = turns[0];
      while (turns[0] === before) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    export const look = async (job) => {
      const turns = await shared(job);
      const before = turns[0];
      await new Promise((resolve) => setTimeout(resolve, 20));
      return turns[0] - before;
    };
  `);
  const job = run(sandbox, program, { entryPoint: "loop" });
  await job.until("progress");
  expect(await run(sandbox, program, { entryPoint: "turning" }).outcome).toMatchObject({ type: "succeeded" });
  job.terminate();
  await job.outcome;
  expect(await run(sandbox, program, { entryPoint: "look" }).outcome).toEqual({ type: "succeeded", json: "0" });
});

test("terminating a job leaves the others alone", async () => {
  const program = await bundle(`export const job = async ({ config, progress, signal }) => {
    progress(0);
    if (config.loop) while (true);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return "fine";
  };`);
  const other = run(sandbox, program);
  const loop = run(sandbox, program, { config: { loop: true } });
  await Promise.all([other.until("progress"), loop.until("progress")]);
  loop.terminate();
  expect(await loop.outcome).toEqual({ type: "terminated" });
  other.abort("cancelled");
  expect(await other.outcome).toEqual({ type: "succeeded", json: '"fine"' });
});

test("a job whose executor is taken away with another's is told so", async () => {
  await using shared = await startSandbox(runtime, { jobsPerExecutor: 2 });
  const program = await bundle(
    "export const job = async ({ progress }) => { progress(0); await new Promise(() => {}); };",
  );
  const [one, two] = [run(shared, program), run(shared, program)];
  await Promise.all([one.until("progress"), two.until("progress")]);
  one.terminate();
  expect(await one.outcome).toEqual({ type: "terminated" });
  expect(await two.outcome).toMatchObject({
    type: "failed",
    error: { reason: 6, message: expect.stringContaining("same executor") },
  });
});

test("terminate before the program is fetched ends the job at once", async () => {
  const job = sandbox.run(
    {
      jobId: "j",
      binaryDigest: "sha256:never",
      artifact: { type: "module", code: () => new Promise(() => {}), sourceMap: async () => "" },
      entryPoint: "job",
      config: "{}",
    },
    NOOP_OBSERVER,
  );
  job.terminate();
  expect(await job.outcome).toEqual({ type: "terminated" });
});

test("terminate after the end changes nothing", async () => {
  const job = run(sandbox, await bundle("export const job = () => 1;"));
  const outcome = await job.outcome;
  job.terminate();
  job.abort("cancelled");
  expect(await job.outcome).toBe(outcome);
  expect(await resultOf(sandbox, "export const job = () => 2;")).toBe(2);
});

test("an error that a finished job left behind does not touch the next one", async () => {
  await using own = await startSandbox(runtime);
  const program = await bundle(`let leave;
    export const job = () => { new Promise((_, reject) => { leave = () => setTimeout(reject, 1, new Error("late")); leave(); }); };
    export const next = () => new Promise((resolve) => setTimeout(resolve, 20, "unharmed"));`);
  await run(own, program).outcome;
  expect(await run(own, program, { entryPoint: "next" }).outcome).toEqual({ type: "succeeded", json: '"unharmed"' });
  expect(own.load().executors).toBe(1);
});

test.for([
  ["Deno.exit", "Deno.exit(3);"],
  ["process.exit", `(await import("node:process")).exit(0);`],
  ["close", "self.close();"],
])("a job that ends its executor with %s fails, and what it logged is kept", async ([, body]) => {
  const job = run(
    sandbox,
    await bundle(
      `export const job = async ({ log }) => { log.info("last words"); ${body} await new Promise(() => {}); };`,
    ),
  );
  expect(await job.outcome).toMatchObject({ type: "failed", error: { reason: 5 } });
  expect(job.reports.slice(1)).toEqual(["info last words"]);
  expect(await resultOf(sandbox, "export const job = () => 'next';")).toBe("next");
});

test.for([
  ["an unhandled rejection", `Promise.reject(new TypeError("astray"));`],
  ["an error in a timer", `setTimeout(() => { throw new TypeError("astray"); });`],
  ["an error in a microtask", `queueMicrotask(() => { throw new TypeError("astray"); });`],
  [
    "an error in an event listener",
    `const t = new EventTarget(); t.addEventListener("x", () => { throw new TypeError("astray"); }); t.dispatchEvent(new Event("x"));`,
  ],
  [
    "an unhandled rejection behind its own back",
    `addEventListener("unhandledrejection", (e) => e.preventDefault()); Promise.reject(new TypeError("astray"));`,
  ],
])("%s fails the job, with its line", async ([, body]) => {
  const source = `export const job = async () => {\n  ${body}\n  await new Promise(() => {});\n};`;
  expect(await outcomeOf(sandbox, source)).toMatchObject({
    type: "failed",
    error: {
      reason: 1,
      name: "TypeError",
      message: "astray",
      stack: expect.stringMatching(/^TypeError: astray\n {4}at .*job\.ts:2:/),
    },
  });
  expect(await resultOf(sandbox, "export const job = () => 'next';")).toBe("next");
});
