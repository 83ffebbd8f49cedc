import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import type { Runtime } from "../../runtime/mod.ts";
import { bundle, run, startSandbox, startTestRuntime } from "../testing/mod.ts";

const SOURCE = `export async function job({ progress }) {
  Deno.stdout.writeSync(new TextEncoder().encode("out-of-band"));
  Deno.stderr.writeSync(new TextEncoder().encode("last words"));
  progress(1);
  await new Promise(() => {});
}`;

let runtime: Runtime;
const logged: string[] = [];
beforeAll(async () => {
  runtime = await startTestRuntime({
    log: { debug: (fields) => void logged.push(JSON.stringify(fields)), warn() {} },
  });
});
afterAll(() => runtime[Symbol.asyncDispose]());

/** Runs the job in a sandbox, kills its process, and returns the end of the sandbox. */
async function endOf(permissions: { net: string[]; secrets: string[] }) {
  logged.length = 0;
  const sandbox = await startSandbox(runtime, { permissions });
  const job = run(sandbox, await bundle(SOURCE));
  await job.until("progress");
  process.kill(sandbox.processId ?? 0, "SIGKILL");
  return sandbox.closed;
}

test("output of a process is logged, and is part of the message when it is killed", async () => {
  expect(await endOf({ net: [], secrets: [] })).toEqual({
    type: "crashed",
    message: "The process of the context ended by signal SIGKILL: last words",
  });
  expect(logged.join()).toContain("out-of-band");
});

test("output of a process with secrets is neither logged nor part of the message when it is killed", async () => {
  expect(await endOf({ net: [], secrets: ["password"] })).toEqual({
    type: "crashed",
    message: "The process of the context ended by signal SIGKILL",
  });
  expect(logged).toEqual([]);
});

test("a job that prints a lot continues when the clock is set back by an hour", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  await using sandbox = await startSandbox(runtime);
  const program = await bundle(`export const job = async ({ progress, config }) => {
    const line = new TextEncoder().encode("y".repeat(64_000) + "\\n");
    for (let i = 0; i < 5; i++) Deno.stdout.writeSync(line);
    progress(1);
    return "printed";
  };`);
  expect(await run(sandbox, program).outcome).toMatchObject({ type: "succeeded" });

  vi.setSystemTime(Date.now() - 3_600_000);
  expect(await run(sandbox, program).outcome).toMatchObject({ type: "succeeded" });
});
