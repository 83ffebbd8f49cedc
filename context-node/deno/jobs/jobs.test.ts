import { afterAll, beforeAll, expect, test } from "vitest";
import type { Runtime, Sandbox } from "../../runtime/mod.ts";
import {
  bundle,
  moduleOf,
  NOOP_OBSERVER,
  outcomeOf,
  resultOf,
  run,
  startSandbox,
  startTestRuntime,
} from "../testing/mod.ts";

let runtime: Runtime;
let sandbox: Sandbox;
beforeAll(async () => {
  runtime = await startTestRuntime();
  sandbox = await startSandbox(runtime, { settings: { color: "green" }, env: { GREETING: "hello" } });
});
afterAll(() => runtime[Symbol.asyncDispose]());

test("a job gets its config and context, and answers JSON", async () => {
  const source = `export const job = ({ config, context, jobId }) => ({ config, context, known: typeof jobId });`;
  expect(await resultOf(sandbox, source, { config: { a: { b: [1] } } })).toEqual({
    config: { a: { b: [1] } },
    context: { id: "0190b5e8-0000-7000-8000-000000000000", name: "test-context", settings: { color: "green" } },
    known: "string",
  });
});

test("a job that returns nothing succeeds without JSON", async () => {
  expect(await outcomeOf(sandbox, "export function job() {}")).toEqual({ type: "succeeded", json: undefined });
});

test("an entry point is an export, an export of a path, or the last part of a dotted name", async () => {
  const program = await bundle("export const WordCount = () => 'main'; export const other = 5;");
  const code = `${program.code}\nconst more = await import("data:text/javascript,export const WordCount = () => 'more'");\nexport { more as "lib/more.ts" };`;
  const tarball = { ...program, digest: `${program.digest}1`, code };
  const answers = ["WordCount", "spark.jobserver.WordCount", "lib/more.ts#WordCount", "lib/more.ts#a.WordCount"].map(
    async (entryPoint) => (await run(sandbox, tarball, { entryPoint }).outcome) as { json?: string },
  );
  expect((await Promise.all(answers)).map(({ json }) => json)).toEqual(['"main"', '"main"', '"more"', '"more"']);
  expect(await run(sandbox, tarball, { entryPoint: "other" }).outcome).toMatchObject({
    error: {
      message:
        'Cannot run entry point "other": it is of type number, no job; the binary has WordCount, lib/more.ts#WordCount',
    },
  });
  for (const entryPoint of ["WordCoun", "nowhere#WordCount", "__proto__", "a#b#c"]) {
    expect(await run(sandbox, tarball, { entryPoint }).outcome).toMatchObject({
      type: "failed",
      error: {
        reason: 10,
        message: `Cannot run entry point "${entryPoint}": the binary has WordCount, lib/more.ts#WordCount`,
      },
    });
  }
});

test("an empty entry point is the only one there is", async () => {
  const program = await bundle("export const Only = () => 1;");
  expect(await run(sandbox, program, { entryPoint: "" }).outcome).toEqual({ type: "succeeded", json: "1" });
});

test("an error tells name, message, causes and the author's own lines", async () => {
  const source = `// a comment
function inner(): never {
  throw new RangeError("too far");
}
export async function job() {
  try {
    inner();
  } catch (cause) {
    throw new TypeError("cannot go", { cause });
  }
}`;
  expect(await outcomeOf(sandbox, source)).toEqual({
    type: "failed",
    error: {
      reason: 1,
      name: "TypeError",
      message: "cannot go",
      stack: expect.stringMatching(
        new RegExp(
          [
            "^TypeError: cannot go",
            " {4}at .*\\(job\\.ts:9:11\\)",
            "Caused by: RangeError: too far",
            " {4}at inner \\(job\\.ts:3:9\\)",
            " {4}at .*\\(job\\.ts:7:5\\)$",
          ].join("\n"),
        ),
      ),
      problems: [],
    },
  });
});

test.for([
  ["a string", `throw "no";`, { name: "Error", message: "no" }],
  ["an object", `throw { code: 5 };`, { name: "Error", message: "{ code: 5 }" }],
  ["undefined", `throw undefined;`, { name: "Error", message: "undefined" }],
  ["an object that throws", `throw new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 2; } });`, {}],
  [
    "an error of another name",
    `const e = new Error("m"); e.name = "MyError"; throw e;`,
    { name: "MyError", message: "m" },
  ],
])("a job that throws %s fails", async ([, body, error]) => {
  expect(await outcomeOf(sandbox, `export function job() { ${body} }`)).toMatchObject({
    type: "failed",
    error: { reason: 1, ...(error as object) },
  });
});

test("a program that throws while it is loaded fails each of its jobs", async () => {
  const program = await bundle(`const x = 1;\nthrow new Error("at load " + x);\nexport const job = 1;`);
  for (const _ of [1, 2]) {
    expect(await run(sandbox, program).outcome).toMatchObject({
      type: "failed",
      error: { reason: 10, message: "at load 1", stack: "Error: at load 1\n    at job.ts:2:7" },
    });
  }
});

test("a bundle that cannot be fetched fails the job, and is asked for again", async () => {
  const program = await bundle("export const job = () => 1;");
  const observer = NOOP_OBSERVER;
  const job = {
    jobId: "j",
    binaryDigest: program.digest,
    entryPoint: "job",
    config: "{}",
  };
  const artifact = moduleOf(program);
  const failing = { ...job, artifact: { ...artifact, code: () => Promise.reject(new Error("the store is down")) } };
  expect(await sandbox.run(failing, observer).outcome).toMatchObject({
    type: "failed",
    error: { reason: 10, message: "Cannot fetch the program: the store is down" },
  });
  expect(await run(sandbox, program).outcome).toEqual({ type: "succeeded", json: "1" });
});

test("a context that has run many programs still runs them all", async () => {
  const programs = await Promise.all(Array.from({ length: 140 }, (_, n) => bundle(`export const job = () => ${n};`)));
  for (const round of [1, 2]) {
    for (const [n, program] of programs.entries()) {
      expect([round, await run(sandbox, program).outcome]).toEqual([round, { type: "succeeded", json: String(n) }]);
    }
  }
});

test.for([
  ["new Map([['a', 1], [2, new Map()]])", { a: 1, 2: {} }],
  ["new Map([[{}, 1]])", [[{}, 1]]],
  ["new Set([1, [2n]])", [1, [2]]],
  ["new Date(0)", "1970-01-01T00:00:00.000Z"],
  ["[10n, 10n ** 20n]", [10, "100000000000000000000"]],
  ["[NaN, Infinity, -0, undefined, 1.5]", [null, null, 0, null, 1.5]],
  ["({ a: undefined, b: null })", { b: null }],
  ["[new Uint8Array([1, 2, 3]), new ArrayBuffer(1)]", ["AQID", "AA=="]],
  ["new Float64Array([1.5, NaN])", [1.5, null]],
  ["({ d: new Date(NaN), s: 'ü\\u2028' })", { d: null, s: "ü\u2028" }],
  ["(() => { class P { x = 1; get y() { return 2; } } return new P(); })()", { x: 1 }],
  ["({ toJSON: () => ({ n: 5n }) })", { n: 5 }],
  [
    "Array.from({ length: 100 }).reduce((inside) => [inside], 1)",
    Array.from({ length: 100 }).reduce((inside) => [inside], 1),
  ],
])("the result %s is JSON", async ([expression, json]) => {
  expect(await resultOf(sandbox, `export const job = () => ${expression};`)).toEqual(json);
});

test.for([
  ["const a = { b: [] }; a.b.push(a); return a;", "result.b[0] contains itself"],
  ["return { a: { f() {} } };", "result.a.f is a function"],
  ["return [Symbol('x')];", "result[0] is a symbol"],
  ["return new Map([['p', Promise.resolve(1)]]);", "result.p is a promise that was not awaited"],
])("a job that ends with %s fails with the path", async ([body, message]) => {
  expect(await outcomeOf(sandbox, `export function job() { ${body} }`)).toMatchObject({
    type: "failed",
    error: { reason: 1, name: "TypeError", message: `Cannot represent the result as JSON: ${message}` },
  });
});

test("environment variables are those of the context", async () => {
  const source = `import process from "node:process";
    export const job = () => [Deno.env.toObject(), process.env.GREETING, Deno.env.get("HOME") ?? null];`;
  expect(await resultOf(sandbox, source)).toEqual([{ GREETING: "hello" }, "hello", null]);
});

test("a warm sandbox loads a program once, and asks for it once", async () => {
  const program = await bundle("let runs = 0; export const job = () => ++runs;");
  const first = run(sandbox, program);
  await first.outcome;
  const second = run(sandbox, { ...program, code: "never asked for" });
  expect(await second.outcome).toEqual({ type: "succeeded", json: "2" });
  expect(second.reports).toEqual(first.reports);
});

test("jobs that run at the same time have executors of their own", async () => {
  await using other = await startSandbox(runtime);
  const program = await bundle(
    "let runs = 0; export const job = async ({ objects, config }) => {" +
      "runs++; while ((await objects.list()).length < 3) await objects.update(config.name, 1); return runs; };",
  );
  const jobs = ["a", "b", "c"].map((name) => run(other, program, { config: { name } }));
  const outcomes = await Promise.all(jobs.map(({ outcome }) => outcome));
  expect(outcomes).toEqual(Array(3).fill({ type: "succeeded", json: "1" }));
  expect(jobs.map(({ reports }) => reports[0]).sort()).toEqual(["running 1", "running 2", "running 3"]);
  expect(other.load()).toEqual({ executors: 3, memoryBytes: expect.any(Number) });
  expect(other.load().memoryBytes).toBeGreaterThan(10_000_000);
});

test("with jobs_per_executor, jobs share an executor and keep their logs apart", async () => {
  await using other = await startSandbox(runtime, { jobsPerExecutor: 2 });
  const program = await bundle(`let together = 0;
    const both = Promise.withResolvers();
    export const job = async ({ config }) => {
      if (++together === 2) both.resolve();
      await both.promise;
      console.log(config.name);
      await new Promise((resolve) => setTimeout(resolve, 1));
      queueMicrotask(() => console.warn(config.name, "again"));
    };`);
  const jobs = ["a", "b"].map((name) => run(other, program, { config: { name } }));
  await Promise.all(jobs.map(({ outcome }) => outcome));
  expect(jobs.map(({ reports }) => reports)).toEqual([
    ["running 1", "info a", "warn a again"],
    ["running 1", "info b", "warn b again"],
  ]);
});
