import { expect, test } from "vitest";
import { until } from "../../test/until.ts";
import { type Child, startChild } from "./child.ts";
import { type BackOff, startPart } from "./supervise.ts";

interface Line {
  readonly message: string;
  readonly process: string;
  readonly processId?: number;
  readonly reason?: string;
  readonly restartMs?: number;
}

/** A log, and what it was given. */
function createLog() {
  const lines: Line[] = [];
  const write = (fields: Omit<Line, "message">, message: string): void => void lines.push({ message, ...fields });
  return { lines, log: { info: write, warn: write } as never };
}

/** A process that is ready at once and stays; or one that a line of JavaScript ends before it is ready. */
function startScript(signal: AbortSignal, code = 'console.log("ready"); setInterval(() => {}, 1000);') {
  const readyWhen = (line: string) => (line === "ready" ? "first" : undefined);
  const spec = { name: "script", command: process.execPath, args: ["-e", code], readyWhen };
  return startChild<string>(spec, { signal });
}

const SHORT: BackOff = { firstMs: 50, longestMs: 200, wellMs: 60_000 };

test("startPart() restarts a process that died, and logs its name, the reason and the delay", async () => {
  const { log, lines } = createLog();
  const befores: unknown[] = [];
  const children: Child<string>[] = [];
  const start = async ({ signal, before }: { signal: AbortSignal; before?: string }) => {
    befores.push(before);
    const child = await startScript(signal);
    children.push(child);
    return child;
  };
  await using part = await startPart({ log }, { name: "part", start, backOff: SHORT });
  expect(part.pid).toBe(children[0]?.pid);
  process.kill(part.pid, "SIGKILL");
  await until("it runs again", () => lines.length === 2);
  expect(lines).toEqual([
    {
      message: "a part died and will be restarted",
      ...{ process: "part", reason: "script was ended by SIGKILL", restartMs: 50 },
    },
    { message: "restarted", process: "part", processId: children[1]?.pid },
  ]);
  expect(befores).toEqual([undefined, "first"]);
});

test("startPart() doubles the delay with each death in a row, up to the longest", async () => {
  const { log, lines } = createLog();
  let starts = 0;
  const start = ({ signal }: { signal: AbortSignal }) =>
    starts++ === 0 ? startScript(signal) : startScript(signal, "process.exit(7)");
  await using part = await startPart({ log }, { name: "part", start, backOff: SHORT });
  process.kill(part.pid, "SIGKILL");
  await until("it died five times", () => lines.length >= 5);
  expect(lines.slice(0, 5).map(({ restartMs }) => restartMs)).toEqual([50, 100, 200, 200, 200]);
  expect(lines[4]?.reason).toBe("script exited with code 7");
});

test("startPart() resets the delay after a time without a death", async () => {
  const { log, lines } = createLog();
  let pid = 0;
  const start = async ({ signal }: { signal: AbortSignal }) => {
    const child = await startScript(signal);
    ({ pid } = child);
    return child;
  };
  await using _part = await startPart({ log }, { name: "part", start, backOff: { ...SHORT, wellMs: 0 } });
  for (const count of [2, 4, 6]) {
    process.kill(pid, "SIGKILL");
    await until("it runs again", () => lines.length === count);
  }
  const waits = lines.flatMap(({ restartMs }) => (restartMs === undefined ? [] : [restartMs]));
  expect(waits).toEqual([50, 50, 50]);
});

test("startPart() rejects when the first process does not start", async () => {
  const { log, lines } = createLog();
  const start = ({ signal }: { signal: AbortSignal }) => startScript(signal, "process.exit(3)");
  await expect(startPart({ log }, { name: "part", start })).rejects.toThrow("script exited with code 3");
  expect(lines).toEqual([]);
});

test.each([
  ["the signal is aborted", (stop: AbortController) => stop.abort()],
  ["it is disposed", () => undefined],
])("a part that waits for a restart ends at once without it when %s", async (_, end) => {
  const { log, lines } = createLog();
  const stop = new AbortController();
  const start = ({ signal }: { signal: AbortSignal }) => startScript(signal);
  const backOff = { firstMs: 3_600_000, longestMs: 3_600_000, wellMs: 0 };
  const part = await startPart({ log, signal: stop.signal }, { name: "part", start, backOff });
  process.kill(part.pid, "SIGKILL");
  await until("it died", () => lines.length === 1);
  end(stop);
  await part[Symbol.asyncDispose]();
  expect(lines).toHaveLength(1);
});

test("a part whose signal is aborted keeps its process until it is disposed", async () => {
  const { log } = createLog();
  const stop = new AbortController();
  const start = ({ signal }: { signal: AbortSignal }) => startScript(signal);
  const part = await startPart({ log, signal: stop.signal }, { name: "part", start });
  stop.abort();
  expect(() => process.kill(part.pid, 0)).not.toThrow();
  await part[Symbol.asyncDispose]();
  expect(() => process.kill(part.pid, 0)).toThrow("ESRCH");
});
