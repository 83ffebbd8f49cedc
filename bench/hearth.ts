import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pino } from "pino";
import { type Standalone, startStandalone } from "../standalone/mod.ts";

const WORD_COUNT = resolve(import.meta.dirname, "..", "examples", "jobs", "word_count.ts");

/** What the benchmark runs: the word count of the walk-through, on seven words. */
export const JOB = {
  binary: "words",
  entryPoint: "WordCount",
  config: { input: { string: "a b c a b see" } },
} as const;

/** Name of the warm context. */
export const CONTEXT = "bench";

/** Starts a system with SQLite in the directory, uploads the word count and makes a context for it. */
export async function startHearth(directory: string, options: { signal: AbortSignal }): Promise<Standalone> {
  await using stack = new AsyncDisposableStack();
  const { signal } = options;
  const log = pino({ level: "silent" });
  const standalone = stack.use(
    await startStandalone({ listen: "127.0.0.1:0", dataDir: directory, nodes: 1, log, signal }),
  );
  const source = await readFile(WORD_COUNT);
  await send(standalone.url, "PUT", `/v1/binaries/${JOB.binary}`, source, "application/typescript");
  await send(standalone.url, "POST", "/v1/contexts", JSON.stringify({ name: CONTEXT }));
  stack.move();
  return standalone;
}

/** Milliseconds of ad-hoc jobs one after the other, each with a context of its own, the first one first. */
export async function measureColdStarts(url: string, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let number = 0; number < count; number++) {
    const start = performance.now();
    await send(url, "POST", "/v1/jobs:run", JSON.stringify(JOB));
    times.push(performance.now() - start);
  }
  return times;
}

async function send(
  url: string,
  method: string,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  type = "application/json",
) {
  const response = await fetch(url + path, { method, body, headers: { "content-type": type } });
  const answer = await response.text();
  if (!response.ok || answer.includes('"FAILED"')) throw new Error(`${method} ${path}: ${response.status} ${answer}`);
}
