import { afterAll, beforeAll, expect, test } from "vitest";
import type { Runtime, Sandbox } from "../../runtime/mod.ts";
import { bundle, type RunOptions, run, startSandbox, startTestRuntime } from "../testing/mod.ts";

let runtime: Runtime;
let sandbox: Sandbox;
beforeAll(async () => {
  runtime = await startTestRuntime();
  sandbox = await startSandbox(runtime);
});
afterAll(() => runtime[Symbol.asyncDispose]());

/** What a job logs whose body has `error`, made in line 2 of `job.ts`; the body begins in line 5. */
async function logOf(body: string, options?: RunOptions): Promise<string[]> {
  const source = `type Code = number;
const deep = (code: Code) => Object.assign(new RangeError("too far"), { code });
export const job = async ({ log, objects }) => {
  const error = deep(5);
${body}
};`;
  const job = run(sandbox, await bundle(source), options);
  expect(await job.outcome).toMatchObject({ type: "succeeded" });
  return job.reports.slice(1);
}

const FRAMES = ["    at deep (job.ts:2:44)", "    at Object.job [as run] (job.ts:4:17)"];

test.for(["console.error(error)", "log.error(error)", "log.warn('it failed:', error)"])(
  "%s tells the author's lines, and no others",
  async (call) => {
    const [line = ""] = await logOf(call);
    expect(line.replace(/^\w+ (it failed: )?/, "")).toBe(
      ["RangeError: too far", ...FRAMES].join("\n").concat(" {\n  code: 5\n}"),
    );
  },
);

test("a stack that is logged as text tells the author's lines, and no others", async () => {
  expect(await logOf("log.warn(error.stack)")).toEqual([["warn RangeError: too far", ...FRAMES].join("\n")]);
});

test("a stack that is logged line by line tells the author's lines, and no others", async () => {
  const lines = await logOf("for (const line of error.stack.split('\\n')) log.info(line);");
  expect(lines.map((line) => line.slice("info ".length)).filter((line) => line !== "")).toEqual([
    "RangeError: too far",
    ...FRAMES,
  ]);
});

test("a stack inside an object, or inside JSON, tells the author's lines, and no others", async () => {
  const stack = ["RangeError: too far", ...FRAMES].join("\n");
  const [object = "", json = ""] = await logOf(`log.info({ stack: error.stack, code: 5 });
    log.info(JSON.stringify({ stack: error.stack, code: 5 }));`);
  const joined = object.slice("info ".length).replace(/" \+\n\s+"/g, "");
  expect(joined).toBe(`{\n  stack: ${JSON.stringify(stack)},\n  code: 5\n}`);
  expect(JSON.parse(json.slice("info ".length))).toEqual({ stack, code: 5 });
});

test("causes, aggregates and errors inside objects tell the author's lines, and no others", async () => {
  const lines = await logOf(`console.error(new AggregateError([error], "all", { cause: error }));
    console.error({ a: { error } });`);
  const text = lines.join("\n");
  expect(text.match(/job\.ts:\d+/g)).toHaveLength(1 + 2 + 2 + 2);
  expect(text).not.toMatch(/blob:|bundle|ext:|node:/);
});

test("code that Hearth calls back tells no frame of Hearth's", async () => {
  const [line] = await logOf(`await objects.getOrElseCreate("x", () => { console.trace("created"); return 1; });`);
  expect(line).toMatch(
    /^info Trace: created\n {4}at job\.ts:5:\d+\n {4}at async Object\.job \[as run\] \(job\.ts:5:1\)$/,
  );
  const program = await bundle(`export const job = ({ signal, log, progress }) => new Promise((resolve) => {
    signal.onabort = () => resolve(log.info(new Error("stopped")));
    progress(0);
  });`);
  const job = run(sandbox, program);
  await job.until("progress");
  job.abort("cancelled");
  await job.outcome;
  expect(job.reports.at(-1)).toMatch(/^info Error: stopped\n {4}at AbortSignal\.signal\.onabort \(job\.ts:2:\d+\)$/);
});

test("what only looks like a frame is told as it was written", async () => {
  const texts = [
    "at noon (node:fs:1:2)",
    "    at elsewhere (ext:core/01_core.js:1:2)",
    "bundle:core:1:2",
    "bundle:sha256:abc:1:2",
    "blob:null/00000000-0000-0000-0000-000000000000:1:2",
  ];
  expect(await logOf(`for (const text of ${JSON.stringify(texts)}) log.info(text);`)).toEqual(
    texts.map((text) => `info ${text}`),
  );
});

test("while a source map is fetched, what a job says waits in its order, and its end too", async () => {
  const map = Promise.withResolvers<string>();
  const program = await bundle(`export const job = async ({ log, progress, objects }) => {
    log.info("before");
    log.error(new Error("first"));
    log.info("between");
    progress(1);
    log.error(new Error("second"));
    await objects.update("reached", true);
  };
  export const wait = async ({ objects }) => {
    while (!(await objects.get("reached"))) await new Promise((resolve) => setTimeout(resolve, 1));
  };`);
  const asked = Promise.withResolvers<void>();
  const job = run(sandbox, program, {
    sourceMap() {
      asked.resolve();
      return map.promise;
    },
  });
  await asked.promise;
  await run(sandbox, program, { entryPoint: "wait" }).outcome;
  expect(job.reports.slice(1)).toEqual(["info before"]);
  map.resolve(program.sourceMap);
  expect(await job.outcome).toEqual({ type: "succeeded", json: undefined });
  expect(job.reports.slice(1)).toEqual([
    "info before",
    expect.stringMatching(/^error Error: first\n.*\(job\.ts:3:/),
    "info between",
    "progress 1 ",
    expect.stringMatching(/^error Error: second\n.*\(job\.ts:6:/),
  ]);
});

test("a job that is lost while its source map is fetched has told all before its outcome, and that before the end of the sandbox", async () => {
  await using own = await startSandbox(runtime);
  const map = Promise.withResolvers<string>();
  const asked = Promise.withResolvers<void>();
  const program = await bundle(`export const job = async ({ log }) => {
    log.error(new Error("last words"));
    await new Promise(() => {});
  };`);
  const ends: string[] = [];
  const job = run(own, program, {
    sourceMap() {
      asked.resolve();
      return map.promise;
    },
  });
  void job.outcome.then(({ type }) => ends.push(`${type} after ${job.reports.length}`));
  void own.closed.then(({ type }) => ends.push(type));
  await asked.promise;
  process.kill(own.processId ?? 0, "SIGKILL");
  await expect.poll(() => isAlive(own.processId)).toBe(false);
  map.resolve(program.sourceMap);
  await own.closed;
  expect(ends).toEqual(["lost after 2", "crashed"]);
});

function isAlive(processId = 0): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

test("without a source map, frames are told in the bundle's lines", async () => {
  const [line, next] = await logOf("console.error(error); log.info('next');", {
    sourceMap: () => Promise.reject(new Error("the store is down")),
  });
  expect(line).toMatch(
    /^error RangeError: too far\n {4}at deep \(bundle\.js:\d+:\d+\)\n {4}at .*\(bundle\.js:\d+:\d+\) \{/,
  );
  expect(line).not.toMatch(/blob:/);
  expect(next).toBe("info next");
});

test("a large source map is read beside the node's event loop", async () => {
  const { sourceMap, ...program } = await bundle("export const job = () => {\n  throw new Error('too far');\n};");
  const map: { mappings: string } = JSON.parse(sourceMap);
  const large = JSON.stringify({ ...map, mappings: `${map.mappings};${",CAAC".repeat(2_000_000).slice(1)}` });
  const [thread, all] = [process.threadCpuUsage(), process.cpuUsage()];
  const outcome = await run(sandbox, { ...program, sourceMap: large }).outcome;
  expect(outcome).toMatchObject({ type: "failed", error: { stack: expect.stringContaining("(job.ts:2:9)") } });
  const { user: ofThread } = process.threadCpuUsage(thread);
  const { user: ofAll } = process.cpuUsage(all);
  expect(ofThread).toBeLessThan(ofAll / 2);
});
