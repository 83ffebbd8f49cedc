/**
 * A Spark standalone cluster of one master and one worker on loopback, as separate processes, for the demonstration, tests and the bench.
 * A caller can stop, kill and restart each of them; a master restarts on its port.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Java, Spark } from "../../context-node/spark/toolchain/mod.ts";
import { type Child, type ChildSpec, freePort, startChild } from "../../standalone/mod.ts";

const HOST = "127.0.0.1";

/** Time limit for a start, in milliseconds: a JVM on a busy machine of two cores takes ten seconds and more. */
const START_TIMEOUT_MS = 60_000;

/** Time between SIGTERM and SIGKILL, in milliseconds: a master and a worker end within a second. */
const STOP_TIMEOUT_MS = 10_000;

/** Options of both JVMs, which only coordinate: executors are separate processes. */
const JVM_OPTIONS = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

export interface SparkClusterOptions {
  readonly spark: Spark;
  readonly java: Java;
  /** Number of cores that the worker offers. Default 2. */
  readonly cores?: number | undefined;
  /** Memory that the worker offers, as Spark writes it. Default `2g`. */
  readonly memory?: string | undefined;
  /** Spark's settings of the master and the worker, such as `spark.deploy.recoveryMode`. */
  readonly conf?: Readonly<Record<string, string>> | undefined;
  /** Receives each line that they log, with `master` or `worker`. */
  readonly onLine?: ((part: string, line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A master or a worker. */
export interface ClusterPart {
  /** Id of the process; undefined while it does not run. */
  readonly pid: number | undefined;
  /** Starts it. Resolves when the master is the leader, or the worker is registered. */
  start(): Promise<void>;
  /** Ends it, and the executors of a worker, by SIGTERM. */
  stop(): Promise<void>;
  /** Ends it, and the executors of a worker, by SIGKILL. */
  kill(): Promise<void>;
}

/** A running cluster. Disposing ends its processes and removes their files. The processes also end with this process. */
export interface SparkCluster extends AsyncDisposable {
  /** `spark://host:port` of the master. */
  readonly url: string;
  /** The master's page; `<webUrl>/json/` lists its workers and applications. */
  readonly webUrl: string;
  readonly master: ClusterPart;
  readonly worker: ClusterPart;
}

/** Starts a master and a worker, and resolves when the worker is registered. */
export async function startSparkCluster(options: SparkClusterOptions): Promise<SparkCluster> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "hearth-spark-cluster-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const [port, webPort] = [await freePort(), await freePort()];
  const url = `spark://${HOST}:${port}`;

  const master = createPart(options, {
    name: "master",
    arguments: [
      "org.apache.spark.deploy.master.Master",
      ...["--host", HOST, "--port", String(port), "--webui-port", String(webPort)],
    ],
    isReady: /I have been elected leader/,
  });
  stack.defer(master.stop);
  const worker = createPart(options, {
    name: "worker",
    arguments: [
      "org.apache.spark.deploy.worker.Worker",
      ...["--host", HOST, "--webui-port", "0", "--work-dir", join(directory, "work")],
      ...["--cores", String(options.cores ?? 2), "--memory", options.memory ?? "2g", url],
    ],
    isReady: /Successfully registered with master/,
  });
  stack.defer(worker.stop);
  await master.start();
  await worker.start();

  const owned = stack.move();
  return {
    url,
    webUrl: `http://${HOST}:${webPort}`,
    master,
    worker,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function createPart(
  { spark, java, conf = {}, onLine, signal }: SparkClusterOptions,
  part: { readonly name: string; readonly arguments: readonly string[]; readonly isReady: RegExp },
): ClusterPart {
  const spec: ChildSpec<true> = {
    name: `the Spark ${part.name}`,
    command: java.command,
    args: [
      ...JVM_OPTIONS,
      ...Object.entries(conf).map(([name, value]) => `-D${name}=${value}`),
      ...["-cp", join(spark.jars, "*"), ...part.arguments],
    ],
    env: clusterEnvironment(spark, java),
    readyWhen: (line) => (part.isReady.test(line) ? true : undefined),
    onLine: (line) => onLine?.(part.name, line),
    startTimeoutMs: START_TIMEOUT_MS,
    drainTimeoutMs: STOP_TIMEOUT_MS,
  };
  let running: { readonly child: Child<true>; readonly ended: Promise<unknown> } | undefined;
  return {
    get pid() {
      return running?.child.pid;
    },
    async start() {
      if (running !== undefined) throw new Error(`Cannot start the Spark ${part.name}: it runs already`);
      const child = await startChild(spec, { signal });
      const ended = Promise.allSettled([child.closed]).finally(() => {
        running = undefined;
      });
      running = { child, ended };
    },
    async stop() {
      if (running === undefined) return;
      await running.child[Symbol.asyncDispose]();
      await running.ended;
    },
    async kill() {
      if (running === undefined) return;
      process.kill(running.child.pid, "SIGKILL");
      await running.ended;
    },
  };
}

/**
 * The environment of the cluster's processes, without variables for another Spark. A worker that `bin/spark-class` did not start needs the
 * Scala version to find the class path of executors.
 */
function clusterEnvironment(spark: Spark, java: Java): Record<string, string> {
  const { PATH = "", HOME = "", TMPDIR } = process.env;
  return {
    ...{
      PATH,
      HOME,
      ...(TMPDIR !== undefined && { TMPDIR }),
      ...(java.home !== undefined && { JAVA_HOME: java.home }),
    },
    ...{ SPARK_HOME: spark.home, SPARK_SCALA_VERSION: spark.scalaVersion, SPARK_LOCAL_IP: HOST },
  };
}
