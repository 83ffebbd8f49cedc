import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FileSource, Runtime } from "../runtime/mod.ts";
import { bundle, type Program, run, startSandbox, startTestRuntime } from "./testing/mod.ts";

let runtime: Runtime;
let program: Program;
beforeAll(async () => {
  runtime = await startTestRuntime();
  program = await bundle(await readFile(new URL("./testing/spy_job.ts", import.meta.url), "utf8"));
});
afterAll(() => runtime[Symbol.asyncDispose]());

const FILES: FileSource = {
  list: async () => ["rates.csv"],
  open: async () => new Blob(["EUR,1"]).stream(),
};

/** What the victim's config has, and no other job may see before the victim's own code has it. */
const SECRET = "the-config-of-another-run";

test("a job that watches every method of every object sees nothing of its executor, and other jobs are reported right", async () => {
  await using sandbox = await startSandbox(runtime, { jobsPerExecutor: 4 }, { files: FILES });
  const spy = run(sandbox, program, { entryPoint: "spy" });
  await spy.until("progress");

  const victim = run(sandbox, program, { entryPoint: "victim", config: { password: SECRET } });
  expect(await victim.outcome).toEqual({
    type: "succeeded",
    json: '{"length":25,"files":["rates.csv"],"text":"EUR,1","created":{"rows":[1]},"got":2,"names":1}',
  });
  expect(victim.told.slice(1)).toEqual(["info a line", "info of the console", "progress 0.5 half", "progress 1 done"]);

  const failing = run(sandbox, program, { entryPoint: "failing", config: { password: SECRET } });
  expect(await failing.outcome).toMatchObject({ type: "failed", error: { name: "RangeError", message: "as planned" } });

  const rejected = run(sandbox, program, { entryPoint: "rejecting", config: { password: SECRET } });
  expect(await rejected.outcome).toEqual({ type: "rejected", problems: ["one", "two"] });

  const streaming = run(sandbox, program, { entryPoint: "streaming", config: { password: SECRET } });
  expect(await streaming.outcome).toMatchObject({ type: "streamed" });
  expect(Buffer.concat([...streaming.parts]).toString()).toBe('[{"row":0},{"row":1},{"row":2}]');

  const aborted = run(sandbox, program, { entryPoint: "waiting", config: { password: SECRET } });
  await aborted.until("progress");
  aborted.abort("cancelled");
  expect(await aborted.outcome).toEqual({ type: "succeeded", json: '"cancelled"' });

  spy.abort("cancelled");
  expect(await spy.outcome).toEqual({ type: "succeeded", json: "[]" });
});
