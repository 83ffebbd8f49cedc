import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { onEndRequest } from "./end_request.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

/** A process that receives signals by `emit`, and its end. */
function createProcess() {
  const ends: string[] = [];
  const codes: number[] = [];
  const streams = { stdout: new EventEmitter(), stderr: new EventEmitter() };
  const process = Object.assign(new EventEmitter(), { ...streams, exit: (code: number) => void codes.push(code) });
  onEndRequest(process, (signal) => void ends.push(signal));
  return { process, ends, codes };
}

test.each(["SIGTERM", "SIGINT", "SIGHUP"])("onEndRequest() calls back at %s", (signal) => {
  const { process, ends, codes } = createProcess();
  process.emit(signal);
  expect({ ends, codes }).toEqual({ ends: [signal], codes: [] });
});

test("onEndRequest() counts simultaneous signals as one", () => {
  const { process, ends, codes } = createProcess();
  for (const signal of ["SIGTERM", "SIGTERM", "SIGHUP"]) process.emit(signal);
  expect({ ends, codes }).toEqual({ ends: ["SIGTERM"], codes: [] });
});

test("onEndRequest() ends the process at a later signal with 128 plus its number", () => {
  const { process, ends, codes } = createProcess();
  process.emit("SIGTERM");
  vi.advanceTimersByTime(501);
  process.emit("SIGINT");
  expect({ ends, codes }).toEqual({ ends: ["SIGTERM"], codes: [130] });
});

test("a process survives the loss of its output until a signal", async () => {
  const code = `const { onEndRequest } = await import(${JSON.stringify(join(import.meta.dirname, "end_request.ts"))});
onEndRequest(process, () => process.disconnect());
// With a listener the channel keeps the process alive until it disconnects.
const asked = new Promise((resolve) => process.on("message", resolve));
process.send("ready");
await asked;
for (let line = 0; line < 10; line++) await new Promise((resolve) => process.stdout.write("more\\n", resolve));
process.send("wrote");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const closed = once(child, "exit");
  await once(child, "message");
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.send("write");
  await Promise.race([closed, once(child, "message")]);
  child.kill("SIGTERM");
  expect(await closed).toEqual([0, null]);
});
