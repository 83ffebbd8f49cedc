import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pino } from "pino";
import { type Standalone, startStandalone } from "../standalone/mod.ts";
import { createApi } from "./api.ts";

/** The load: the word count of the README, on seven words. */
export const JOB = {
  binary: "bench",
  entryPoint: "WordCount",
  config: { input: { string: "a b c a b see" } },
} as const;

/** Name of the warm context. */
export const CONTEXT = "bench";

/**
 * Settings for jobs that end faster than they can be dispatched: a slot for each of 128 connections, so that none waits, and an executor for
 * each of two cores. With one job per executor, the default, a job costs twice the CPU, because its messages are not batched.
 */
const SHORT_JOBS = { maxJobsPerContext: 128, jobsPerExecutor: 64 };

/** Starts a system with SQLite in the directory, uploads the jobs and creates a context for them. */
export async function startHearth(
  directory: string,
  options: { signal: AbortSignal; configFile?: string },
): Promise<Standalone> {
  await using stack = new AsyncDisposableStack();
  const { signal, configFile } = options;
  const log = pino({ level: "silent" });
  const standalone = stack.use(
    await startStandalone({ listen: "127.0.0.1:0", dataDir: directory, nodes: 1, configFile, log, signal }),
  );
  const api = createApi(standalone.url, { signal });
  await api.upload(JOB.binary, await readFile(resolve(import.meta.dirname, "jobs.ts")));
  await api.post("/v1/contexts", { name: CONTEXT, settings: SHORT_JOBS });
  stack.move();
  return standalone;
}
