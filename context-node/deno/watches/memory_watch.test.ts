import { afterAll, beforeAll, expect, test } from "vitest";
import type { Runtime } from "../../runtime/mod.ts";
import { bundle, MEBIBYTE, outcomeOf, resultOf, run, startSandbox, startTestRuntime } from "../testing/mod.ts";

const settings = { memoryBytes: 64 * MEBIBYTE };

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startTestRuntime();
});
afterAll(() => runtime[Symbol.asyncDispose]());

test.for([
  ["objects", "const all = []; while (true) all.push({ a: [all.length] });"],
  ["strings", "const all = []; while (true) all.push(String(all.length).repeat(1000));"],
  ["arrays", "const all = []; while (true) all.push(new Array(1e6).fill(1.5));"],
  [
    "what follows an await, after it cleared every timer",
    "await 0; for (let id = 0; id < 1000; id++) clearTimeout(id); const all = []; while (true) all.push({});",
  ],
  ["what follows an await", "await 0; const all = []; while (true) all.push({});"],
  [
    "what a timer makes",
    "setTimeout(() => { const all = []; while (true) all.push({}); }); await new Promise(() => {});",
  ],
])("a job that fills the heap with %s fails, and the context lives on", async ([, body]) => {
  await using sandbox = await startSandbox(runtime, settings);
  const program = await bundle(`export const job = async () => { ${body} };
    export const bystander = ({ progress, signal }) => new Promise((resolve) => {
      progress(0);
      signal.addEventListener("abort", () => resolve("unharmed"));
    });`);
  const bystander = run(sandbox, program, { entryPoint: "bystander" });
  await bystander.until("progress");
  expect(await run(sandbox, program).outcome).toMatchObject({
    type: "failed",
    error: { reason: 4, message: "The job exceeded the memory limit of 64 MiB" },
  });
  bystander.abort("cancelled");
  expect(await bystander.outcome).toEqual({ type: "succeeded", json: '"unharmed"' });
  expect(await resultOf(sandbox, "export const job = () => 'next';")).toBe("next");
});

test("a job that fills ArrayBuffers ends the context as out of memory", async () => {
  await using sandbox = await startSandbox(runtime, settings);
  const source = `export const job = async () => {
    for (const all = []; ; await 0) all.push(new Uint8Array(1_000_000).fill(1));
  };`;
  const end = {
    type: "outOfMemory",
    message: expect.stringMatching(/^The context had \d+ MiB in memory; its limit is 64 MiB$/),
  };
  expect(await outcomeOf(sandbox, source)).toEqual({ type: "lost", end });
  expect(await sandbox.closed).toEqual(end);
});

test("garbage is no reason to end a context", async () => {
  await using sandbox = await startSandbox(runtime, settings);
  const source = "export const job = () => { for (let i = 0; i < 1e6; i++) JSON.parse('[1,{\"a\":[2]}]'); return 1; };";
  expect(await resultOf(sandbox, source)).toBe(1);
});
