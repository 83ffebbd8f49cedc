import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Outcome, Runtime, Sandbox } from "../../runtime/mod.ts";
import { bundle, outcomeOf, resultOf, run, startSandbox, startTestRuntime } from "../testing/mod.ts";

let runtime: Runtime;
let sandbox: Sandbox;
beforeAll(async () => {
  runtime = await startTestRuntime({ spares: 2 });
});
afterAll(() => runtime[Symbol.asyncDispose]());

beforeEach(async () => {
  sandbox = await startSandbox(runtime, { memoryBytes: 512 * 1024 * 1024 });
  return () => sandbox[Symbol.asyncDispose]();
});

const json = (value: unknown): Outcome => ({ type: "succeeded", json: JSON.stringify(value) });

test("objects are found, replaced, listed and forgotten by name", async () => {
  const source = `export const job = async ({ objects }) => {
    const seen = [await objects.get("a")];
    await objects.update("a", new Map([["k", new Date(0)]]));
    seen.push((await objects.get("a")).get("k"));
    await objects.update("a", [1n]);
    seen.push(await objects.get("a"));
    const [listed] = await objects.list();
    seen.push([listed.name, listed.sizeBytes > 0, listed.createdAt instanceof Date]);
    seen.push(await objects.forget("a"), await objects.forget("a"), await objects.list());
    return seen;
  };`;
  const expected = [null, "1970-01-01T00:00:00.000Z", [1], ["a", true, true], true, false, []];
  expect(await resultOf(sandbox, source)).toEqual(expected);
});

test("the node lists and drops objects, and jobs do not find them afterwards", async () => {
  const program = await bundle(`
    export const set = ({ objects }) => Promise.all([objects.update("b", "xy"), objects.getOrElseCreate("a", () => 1, { ttlMs: 60_000 })]);
    export const get = async ({ objects }) => [await objects.get("a"), await objects.get("b")];
  `);
  await run(sandbox, program, { entryPoint: "set" }).outcome;
  const [a, b] = await sandbox.objects();
  expect(a).toMatchObject({
    name: "a",
    sizeBytes: expect.any(Number),
    createTime: expect.any(Date),
    expireTime: expect.any(Date),
  });
  expect(b).toMatchObject({
    name: "b",
    sizeBytes: expect.any(Number),
    createTime: expect.any(Date),
    expireTime: undefined,
  });
  expect((a?.expireTime?.getTime() ?? 0) - (a?.createTime?.getTime() ?? 0)).toBe(60_000);
  expect(await sandbox.dropObject("b")).toEqual(b);
  expect(await sandbox.dropObject("b")).toBeUndefined();
  expect(await run(sandbox, program, { entryPoint: "get" }).outcome).toEqual(json([1, null]));
  await sandbox[Symbol.asyncDispose]();
  expect(await sandbox.objects()).toEqual([a]);
  expect(await sandbox.dropObject("a")).toBeUndefined();
});

test("of jobs that ask at the same time one creates, and the others get what it made", async () => {
  const program = await bundle(`export const job = async ({ objects, jobId, progress }) => {
    progress(0);
    return objects.getOrElseCreate("slow", async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return jobId;
    });
  };`);
  const outcomes = await Promise.all([1, 2, 3, 4].map(() => run(sandbox, program).outcome));
  expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
});

test("an executor clones an object once, and hears of every change before the next job", async () => {
  const program = await bundle(`
    export const same = async ({ objects }) => {
      const [first, second] = await Promise.all([objects.get("o"), objects.get("o")]);
      return [first === second, first === (await objects.get("o")), first];
    };
    export const set = async ({ objects, config }) => { await objects.update("o", config); };
    export const hold = async ({ progress, signal, objects }) => {
      await objects.get("o");
      progress(0);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return objects.get("o");
    };
  `);
  await run(sandbox, program, { entryPoint: "set", config: { v: 1 } }).outcome;
  expect(await run(sandbox, program, { entryPoint: "same" }).outcome).toEqual(json([true, true, { v: 1 }]));
  const holder = run(sandbox, program, { entryPoint: "hold" });
  await holder.until("progress");
  await run(sandbox, program, { entryPoint: "set", config: { v: 2 } }).outcome;
  holder.abort("cancelled");
  expect(await holder.outcome).toEqual(json({ v: 2 }));
});

test("a creation that fails is the next one's turn", async () => {
  const program = await bundle(`export const job = async ({ objects, config, progress }) =>
    objects.getOrElseCreate("o", async () => {
      progress(0);
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (config.fail) throw new Error("not me");
      return "made";
    });`);
  const failing = run(sandbox, program, { config: { fail: true } });
  await failing.until("progress");
  const next = run(sandbox, program);
  expect(await failing.outcome).toMatchObject({ type: "failed", error: { message: "not me" } });
  expect(await next.outcome).toEqual(json("made"));
});

test("when the creator is terminated, it is the next one's turn", async () => {
  const program = await bundle(`export const job = async ({ objects, config, progress }) => {
    progress(0.5);
    return objects.getOrElseCreate("o", () => { progress(1); while (config.loop); return "made"; });
  };`);
  const stuck = run(sandbox, program, { config: { loop: true } });
  await stuck.until("progress 0.5");
  const next = run(sandbox, program);
  await next.until("progress 0.5");
  stuck.terminate();
  expect(await stuck.outcome).toEqual({ type: "terminated" });
  expect(await next.outcome).toEqual(json("made"));
});

test("who waits too long gets a TimeoutError, creator or not", async () => {
  const program = await bundle(`export const job = async ({ objects, progress }) => {
    progress(0);
    return objects.getOrElseCreate("o", () => new Promise(() => {}), { timeoutMs: 50 });
  };`);
  const jobs = [run(sandbox, program), run(sandbox, program)];
  for (const { outcome } of jobs) {
    expect(await outcome).toMatchObject({
      type: "failed",
      error: { name: "TimeoutError", message: 'The named object "o" was not created within 50 ms' },
    });
  }
});

test("an object is forgotten after its time to live, on every executor", async () => {
  const source = `export const job = async ({ objects }) => {
    const made = await objects.getOrElseCreate("o", () => 1, { ttlMs: 20 });
    while ((await objects.get("o")) !== undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    return [made, await objects.getOrElseCreate("o", () => 2)];
  };`;
  expect(await resultOf(sandbox, source)).toEqual([1, 2]);
});

test("objects take no more than their context lets them, and say so", async () => {
  const limitBytes = 16 * 1024 * 1024;
  await using small = await startSandbox(runtime, { memoryBytes: 16 * limitBytes, namedObjectsBytes: limitBytes });
  const program = await bundle(`
    export const fill = ({ objects }) => objects.update("half", new Uint8Array(${limitBytes / 2}));
    export const update = ({ objects }) => objects.update("more", new Uint8Array(${limitBytes / 2}));
    export const create = ({ objects }) => objects.getOrElseCreate("more", () => new Uint8Array(${limitBytes / 2}));
    export const small = ({ objects }) => objects.getOrElseCreate("more", () => 1);
    export const forget = ({ objects }) => objects.forget("half");
  `);
  const to = (entryPoint: string) => run(small, program, { entryPoint }).outcome;
  expect(await to("fill")).toMatchObject({ type: "succeeded" });
  expect(await to("fill")).toMatchObject({ type: "succeeded" });
  const message =
    /^Cannot keep the named object "more": it has \d+ bytes, and the others take \d+ of the 16777216 .* namedObjectsBytes allows$/;
  const refused = { type: "failed", error: { name: "QuotaExceededError", message: expect.stringMatching(message) } };
  expect(await to("update")).toMatchObject(refused);
  expect(await to("create")).toMatchObject(refused);
  // Whoever creates next is not kept waiting by the one that failed.
  expect(await to("small")).toEqual(json(1));
  expect(await to("forget")).toEqual(json(true));
  expect(await to("update")).toMatchObject({ type: "succeeded" });
});

test("shared memory is shared", async () => {
  const program = await bundle(`
    export const make = async ({ objects }) => {
      const { cells } = await objects.getOrElseCreate("o", () => ({ cells: new Int32Array(new SharedArrayBuffer(8)) }));
      Atomics.add(cells, 0, 1);
      const [{ sizeBytes }] = await objects.list();
      while (Atomics.load(cells, 0) < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      return sizeBytes;
    };`);
  const jobs = [run(sandbox, program, { entryPoint: "make" }), run(sandbox, program, { entryPoint: "make" })];
  for (const { outcome } of jobs) expect(await outcome).toEqual(json(8));
});

test("what cannot be cloned can be kept by an executor, and says so otherwise", async () => {
  const own = `let made = 0;
    export const job = async ({ objects, config }) => {
      const pool = await objects.getOrElseCreate("pool", () => ({ made: ++made, query: () => "row" }), config);
      return [pool.made, pool.query()];
    };`;
  const program = await bundle(own);
  const config = { scope: "executor" };
  expect(await run(sandbox, program, { config }).outcome).toEqual(json([1, "row"]));
  expect(await run(sandbox, program, { config }).outcome).toEqual(json([1, "row"]));
  expect(await outcomeOf(sandbox, own)).toMatchObject({
    type: "failed",
    error: { name: "TypeError", message: expect.stringContaining('Cannot share the named object "pool"') },
  });
});

test.for([
  ["a function beside shared memory", "{ memory, act() {} }"],
  ["a getter that throws beside shared memory", "{ memory, get bad() { throw new Error('no'); } }"],
])("an object that holds %s rejects, and other jobs of the executor go on", async ([, value]) => {
  await using sandbox = await startSandbox(runtime, { jobsPerExecutor: 2 });
  const source = `const release = Promise.withResolvers();
    export const bystander = ({ progress }) => { progress(0); return release.promise; };
    export const job = async ({ objects }) => {
      const memory = new SharedArrayBuffer(8);
      const error = await objects.update("x", ${value}).catch((error) => error);
      release.resolve("unharmed");
      return error.name;
    };`;
  const program = await bundle(source);
  const bystander = run(sandbox, program, { entryPoint: "bystander" });
  await bystander.until("progress");
  expect(await run(sandbox, program).outcome).toEqual({
    type: "succeeded",
    json: expect.stringMatching(/TypeError|Error/),
  });
  expect(await bystander.outcome).toEqual({ type: "succeeded", json: '"unharmed"' });
});

test("a timeout that is no time is refused, and one without end waits", async () => {
  const source = `export const job = async ({ objects }) => {
    const made = Promise.withResolvers();
    const first = objects.getOrElseCreate("o", () => made.promise);
    const waiting = objects.getOrElseCreate("o", () => 2, { timeoutMs: Infinity });
    const own = objects.getOrElseCreate("p", () => made.promise, { timeoutMs: 1e12, scope: "executor" });
    const refused = [];
    for (const timeoutMs of [1n, NaN, -1, "5", {}]) {
      for (const scope of ["context", "executor"]) {
        await objects.getOrElseCreate("o", () => 3, { timeoutMs, scope }).catch(({ name }) => refused.push(name));
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    made.resolve(1);
    return [await first, await waiting, await own, ...new Set(refused), refused.length];
  };`;
  expect(await resultOf(sandbox, source)).toEqual([1, 1, 1, "TypeError", 10]);
});

test("an object that is asked for by a name that is no text is seen as it is now", async () => {
  await using sandbox = await startSandbox(runtime);
  const source = `export const job = async ({ objects }) => {
    await objects.update("5", "older");
    const before = await objects.get(5);
    await objects.update("5", "new");
    return [before, await objects.get(5)];
  };`;
  expect(await resultOf(sandbox, source)).toEqual(["older", "new"]);
});

test("an object is waited for, and kept, for longer than a timer takes", async () => {
  const source = `export const job = async ({ objects }) => {
    const year = 365 * 24 * 3600 * 1000;
    const make = () => new Promise((resolve) => setTimeout(resolve, 30, 1));
    const made = [];
    for (const timeoutMs of [year, Infinity])
      for (const scope of ["context", "executor"]) {
        const create = (ttlMs) => objects.getOrElseCreate("o" + timeoutMs + ttlMs, make, { timeoutMs, ttlMs, scope });
        for (const ttlMs of [year, Infinity]) made.push(...(await Promise.all([create(ttlMs), create(ttlMs)])));
      }
    return [made.length, made.every((value) => value === 1), (await objects.list()).length];
  };`;
  expect(await resultOf(sandbox, source)).toEqual([16, true, 4]);
});

test("names and options of the wrong type are refused with what is wrong", async () => {
  const refusals: Readonly<Record<string, string>> = {
    "objects.get({})": "Cannot use a named object: its name is an object, not a string",
    "objects.update(undefined, 1)": "Cannot use a named object: its name is undefined, not a string",
    "objects.forget(Symbol('o'))": "Cannot use a named object: its name is a symbol, not a string",
    "objects.getOrElseCreate('o', 5)": 'Cannot keep the named object "o": what creates it is 5, not a function',
    "objects.getOrElseCreate('o', make, null)": 'Cannot keep the named object "o": its options are null, not an object',
    "objects.getOrElseCreate('o', make, { scope: 'executer' })":
      'Cannot keep the named object "o": its scope is "executer", neither "context" nor "executor"',
    "objects.getOrElseCreate('o', make, { ttlMs: '5', scope: 'executor' })":
      'Cannot keep the named object "o": its ttlMs is "5", not a number of milliseconds',
    "data.text(null)": "Cannot read a data file: its name is null, not a string",
    "data.stream(['a'])": "Cannot read a data file: its name is an array, not a string",
  };
  const calls = Object.keys(refusals).map(
    (call) => `${JSON.stringify(call)}: await ${call}.then(() => "taken", String)`,
  );
  const source = `const make = () => 1; export const job = async ({ objects, data }) => ({ ${calls.join(", ")} });`;
  expect(await resultOf(sandbox, source)).toEqual(
    Object.fromEntries(Object.entries(refusals).map(([call, message]) => [call, `TypeError: ${message}`])),
  );
});
