/** `npm run demo:spark`: jobs and queries on a Spark cluster of one master and one worker. Removes everything afterwards. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import type { Toolchain } from "../../../context-node/spark/toolchain/mod.ts";
import { onEndRequest, startStandalone } from "../../../standalone/mod.ts";
import { exampleJar } from "../build.ts";
import { startSparkCluster } from "../cluster.ts";
import { showJobs } from "./jobs.ts";
import { getToolchain } from "./toolchain.ts";

/** Time limit of the demonstration, without the installation of Spark, in milliseconds. */
const TIME_LIMIT_MS = 300_000;

async function run({ compiler, libraries }: Toolchain, signal: AbortSignal): Promise<void> {
  const { spark, java } = compiler;
  const jar = await exampleJar(compiler, { libraries });
  const directory = await mkdtemp(join(tmpdir(), "hearth-demo-spark-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true, force: true }));

  console.log(`Starting a master and a worker of Spark ${spark.version} …`);
  const cluster = stack.use(await startSparkCluster({ spark, java, signal }));
  console.log(`The cluster is ${cluster.url}; the page of its master is ${cluster.webUrl}.`);

  console.log("Starting a NATS server, a context node and a gateway …");
  const configFile = join(directory, "hearth.json");
  const sparkSection = { enabled: true, home: spark.home, java: java.home, master: cluster.url };
  // Does not wait for running jobs when the user stops the demonstration.
  const node = { spark: sparkSection, drainTimeoutMs: 0 };
  await writeFile(configFile, JSON.stringify({ node }));
  const log = pino({ level: "warn" });
  const standalone = stack.use(
    await startStandalone({
      ...{ listen: "127.0.0.1:0", dataDir: join(directory, "hearth"), nodes: 1, configFile, log, signal },
    }),
  );
  console.log(`Hearth runs at ${standalone.url}.`);
  await showJobs({ url: standalone.url, signal }, jar);
  console.log("\nEnding Hearth, the worker and the master …");
}

const stop = new AbortController();
onEndRequest(process, (signal) => stop.abort(new Error(`Stopped by ${signal}`)));
let timer: NodeJS.Timeout | undefined;
try {
  const log = (line: string) => console.log(line);
  const toolchain = await getToolchain({ env: process.env, log, signal: stop.signal });
  timer = setTimeout(() => stop.abort(new Error(`Not done in ${TIME_LIMIT_MS / 1000} s`)), TIME_LIMIT_MS);
  await run(toolchain, stop.signal);
} catch (error) {
  const reason = stop.signal.aborted ? stop.signal.reason : error;
  console.error(reason instanceof Error ? reason.message : reason);
  process.exitCode = 1;
} finally {
  clearTimeout(timer);
}
