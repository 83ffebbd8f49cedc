import { afterAll, beforeAll, expect, test } from "vitest";
import type { Runtime, Sandbox } from "../../runtime/mod.ts";
import { bundle, outcomeOf, run, startSandbox, startTestRuntime } from "../testing/mod.ts";

let runtime: Runtime;
let sandbox: Sandbox;
beforeAll(async () => {
  runtime = await startTestRuntime();
  sandbox = await startSandbox(runtime);
});
afterAll(() => runtime[Symbol.asyncDispose]());

test("validate rejects a config before the job runs", async () => {
  const program = await bundle(`export const job = {
    validate: async ({ config }) => (config.name ? [] : ["No name", "Nothing else"]),
    run: ({ config }) => config.name,
  };`);
  const rejected = run(sandbox, program);
  expect(await rejected.outcome).toEqual({ type: "rejected", problems: ["No name", "Nothing else"] });
  expect(rejected.reports).toEqual([]);
  const accepted = run(sandbox, program, { config: { name: "x" } });
  expect(await accepted.outcome).toEqual({ type: "succeeded", json: '"x"' });
  expect(accepted.reports).toEqual([expect.stringMatching(/^running \d+$/)]);
});

test("a job whose validate throws fails", async () => {
  const failing = `export const job = { validate() { throw new Error("bug"); }, run() {} };`;
  expect(await outcomeOf(sandbox, failing)).toMatchObject({ type: "failed", error: { message: "bug" } });
});

test.for([
  ["nothing", "() => {}"],
  ["null", "() => null"],
  ["an empty string", "async () => ''"],
  ["an empty array", "() => []"],
  ["an empty set", "() => new Set()"],
])("a job whose validate answers %s runs", async ([, validate]) => {
  const source = `export const job = { validate: ${validate}, run: () => "ran" };`;
  expect(await outcomeOf(sandbox, source)).toEqual({ type: "succeeded", json: '"ran"' });
});

test.for([
  ["a string", "() => 'No'", ["No"]],
  ["an array", "async () => ['No', '']", ["No", ""]],
  ["a set", "() => new Set(['No', 'Nor this'])", ["No", "Nor this"]],
  ["a generator", "function* () { yield 'No'; }", ["No"]],
] as const)("a job whose validate answers problems as %s is rejected", async ([, validate, problems]) => {
  const source = `const validate = ${validate}; export const job = { validate, run() {} };`;
  expect(await outcomeOf(sandbox, source)).toEqual({ type: "rejected", problems });
});

test.for([
  ["() => false", "false"],
  ["async () => false", "false"],
  ["() => true", "true"],
  ["() => 5", "5"],
  ["() => new Error('bad')", "an Error"],
  ["() => ({ problems: ['x'] })", "an object"],
  ["() => () => 'x'", "a function"],
  ["() => [new Error('bad')]", "an iterable with an Error in it"],
  ["() => ['No', undefined]", "an iterable with undefined in it"],
  ["() => new Map([['name', 'is missing']])", "an iterable with an array in it"],
  ["() => [{ problem: 'x' }]", "an iterable with an object in it"],
  ["async function* () { yield 'x'; }", "an object"],
])("a job whose validate is %s fails and does not run", async ([validate, answer]) => {
  const job = run(sandbox, await bundle(`const validate = ${validate}; export const job = { validate, run() {} };`));
  expect(await job.outcome).toMatchObject({
    type: "failed",
    error: {
      reason: 1,
      name: "TypeError",
      message: `Cannot run entry point "job": its validate returned ${answer}; it has to return the problems that it found as a string or an iterable of strings, and undefined, "" or [] when there are none`,
    },
  });
  expect(job.reports).toEqual([]);
});

test("a validate that never yields is told to take a while", async () => {
  const job = run(sandbox, await bundle("export const job = { validate: () => { while (true); }, run() {} };"));
  await job.validating;
  job.terminate();
  expect(await job.outcome).toEqual({ type: "terminated" });
  expect(job.reports).toEqual([]);
});

test("of jobs that share an executor, each validate that takes a while is told", async () => {
  await using shared = await startSandbox(runtime, { jobsPerExecutor: 3 });
  const program = await bundle(`export const job = {
    validate: ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve("stopped"))),
    run() {},
  };`);
  const jobs = [1, 2, 3].map(() => run(shared, program));
  await Promise.all(jobs.map(({ validating }) => validating));
  for (const job of jobs) job.abort("deadline");
  expect(await Promise.all(jobs.map(({ outcome }) => outcome))).toEqual(
    Array(3).fill({ type: "rejected", problems: ["stopped"] }),
  );
  expect(shared.load().executors).toBe(1);
});

test("a job that never yields is told to run although its validate has said something", async () => {
  const program = await bundle(`export const job = {
    validate({ log, progress }) { log.info("valid"); progress(0.1); },
    run() { while (true); },
  };`);
  const job = run(sandbox, program);
  await job.until("running");
  job.terminate();
  expect(await job.outcome).toEqual({ type: "terminated" });
});
