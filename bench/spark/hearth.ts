import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import type { Toolchain } from "../../context-node/spark/toolchain/mod.ts";
import { exampleJar } from "../../examples/spark/build.ts";
import { startStandalone } from "../../standalone/mod.ts";
import { type Api, createApi } from "../api.ts";
import { expectState, timed } from "../commands/timed.ts";

/** The first job of a cold context waits for the driver and for executors. */
const CALL_TIMEOUT_MS = 120_000;

/** Job of the measurements, the same as in `bench/spark/Loop.scala`. */
const JOB = {
  binary: "examples",
  entryPoint: "spark.jobserver.WordCountExample",
  config: { input: { string: "a b c a b see" } },
} as const;

/** A system whose node runs Spark contexts, with the example jobs. */
export interface SparkBench extends AsyncDisposable {
  readonly api: Api;
}

/** `spark` is the section of the node's configuration, without the paths of Spark and Java. */
export async function startHearth(
  { compiler, libraries }: Toolchain,
  { directory, spark, signal }: { readonly directory: string; readonly spark: object; readonly signal: AbortSignal },
): Promise<SparkBench> {
  await using stack = new AsyncDisposableStack();
  const configFile = `${directory}.json`;
  const section = { enabled: true, home: compiler.spark.home, java: compiler.java.home, ...spark };
  await writeFile(configFile, JSON.stringify({ node: { spark: section } }));
  const log = pino({ level: "silent" });
  const options = { listen: "127.0.0.1:0", dataDir: join(directory), nodes: 1, configFile, log, signal };
  const standalone = stack.use(await startStandalone(options));
  const api = createApi(standalone.url, { signal, callTimeoutMs: CALL_TIMEOUT_MS });
  const jar = await readFile(await exampleJar(compiler, { libraries }));
  await api.upload(JOB.binary, jar, "application/java-archive");
  const owned = stack.move();
  return { api, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Creates a context for the warm jobs. */
export async function createContext(api: Api, name: string): Promise<void> {
  await api.post("/v1/contexts", { name, settings: { runtime: "SPARK" } });
}

/** Runs the job repeatedly in a context, and resolves to the latencies in milliseconds. */
export async function runJobs(api: Api, context: string, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let number = 0; number < count; number++) {
    const { ms, answer } = await timed(() => api.post(`/v1/contexts/${context}/jobs:run`, JOB));
    expectState(answer.job, "SUCCEEDED");
    times.push(ms);
  }
  return times;
}

/** Runs the job in a new context, and resolves to the latency in milliseconds. */
export async function runAdHocJob(api: Api): Promise<number> {
  const { ms, answer } = await timed(() => api.post("/v1/jobs:run", JOB));
  expectState(answer.job, "SUCCEEDED");
  return ms;
}
