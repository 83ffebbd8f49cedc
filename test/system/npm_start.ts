import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { ChildSpec } from "../../standalone/mod.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** `npm start` on a free port; ready when it has printed what to try. */
export function npmStart(dataDir: string, ...args: string[]): ChildSpec<true> {
  const main = resolve(ROOT, "standalone", "main.ts");
  return {
    name: "npm start",
    command: process.execPath,
    args: [main, "--listen", "127.0.0.1:0", "--data-dir", dataDir, ...args],
    readyWhen: (line) => (line.startsWith("Ctrl-C") ? true : undefined),
    startTimeoutMs: 60_000,
  };
}

/** The same; `ready` is its URL. */
export function npmStartWithUrl(dataDir: string, ...args: string[]): ChildSpec<string> {
  let url: string | undefined;
  const readyWhen = (line: string): string | undefined => {
    url ??= /^Hearth runs at (\S+)\. Try:/.exec(line)?.[1];
    return line.startsWith("Ctrl-C") ? url : undefined;
  };
  return { ...npmStart(dataDir, ...args), readyWhen };
}

/** Process ids by name, as `npm start` logs them; those of the last start of each. */
export function startedPids(lines: readonly string[]): Map<string, number> {
  const started = lines
    .map((line) => /started process=(\S+) processId=(\d+)/.exec(line))
    .filter((match) => match !== null);
  return new Map(started.map(([, name, pid]) => [name ?? "", Number(pid)]));
}

/** Ids of the processes that a process has started, and of those that they have. Linux. */
export async function descendantsOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const children = text.split(" ").filter(Boolean).map(Number);
  return [...children, ...(await Promise.all(children.map(descendantsOf))).flat()];
}

/** Signals each process; skips those that have ended, as systemd does. */
export function signalAll(pids: Iterable<number>, signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** A zombie process has ended. */
export function isAlive(pid: number): boolean {
  try {
    const state = existsSync("/proc/self/stat") ? /\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, "latin1"))?.[1] : "";
    return state !== "Z" && process.kill(pid, 0);
  } catch {
    return false;
  }
}
