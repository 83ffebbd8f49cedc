/**
 * A Spark standalone cluster of one master and one worker on loopback, as processes of their own: for the demonstration, tests and the bench.
 * Each can be stopped, killed and started again; a master comes back on its port.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Java, Spark } from "../../context-node/spark/toolchain/mod.ts";
import { type Child, type ChildSpec, freePort, startChild } from "../../standalone/mod.ts";

const HOST = "127.0.0.1";

/** A JVM on a busy machine of two cores takes ten seconds and more. */
const START_TIMEOUT_MS = 60_000;

/** A master and a worker end within a second of SIGTERM. */
const STOP_TIMEOUT_MS = 10_000;

/** Both only coordinate: executors are processes of their own. */
const JVM_OPTIONS = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

export interface SparkClusterOptions {
  readonly spark: Spark;
  readonly java: Java;
  /** Cores that the worker offers. Default 2. */
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
  /** Of the process; undefined while it does not run. */
  readonly pid: number | undefined;
  /** Resolves when it is ready: a master leads, a worker is registered. */
  start(): Promise<void>;
  /** Ends it, and the executors of a worker, as SIGTERM does. */
  stop(): Promise<void>;
  /** Ends it, and the executors of a worker, as SIGKILL does. */
  kill(): Promise<void>;
}

/** A running cluster. Disposing it ends its processes and removes their files; they also end when this process does. */
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
 * What the cluster's processes see of the environment: nothing that the user has set for another Spark. Without its Scala version a worker
 * that `bin/spark-class` did not start finds no class path for executors.
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
