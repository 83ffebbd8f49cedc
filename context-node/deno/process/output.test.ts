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

/** Runs the job in a sandbox whose process is then killed, and answers how that ended. */
async function endOf(permissions: { net: string[]; secrets: string[] }) {
  logged.length = 0;
  const sandbox = await startSandbox(runtime, { permissions });
  const job = run(sandbox, await bundle(SOURCE));
  await job.until("progress");
  process.kill(sandbox.processId ?? 0, "SIGKILL");
  return sandbox.closed;
}

test("what a process prints is logged, and told when it dies", async () => {
  expect(await endOf({ net: [], secrets: [] })).toEqual({
    type: "crashed",
    message: "The process of the context ended by signal SIGKILL: last words",
  });
  expect(logged.join()).toContain("out-of-band");
});

test("what a process prints whose context was granted secrets is neither logged nor told", async () => {
  expect(await endOf({ net: [], secrets: ["password"] })).toEqual({
    type: "crashed",
    message: "The process of the context ended by signal SIGKILL",
  });
  expect(logged).toEqual([]);
});

test("a job that prints a lot goes on when the clock goes back by an hour", async () => {
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
