import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { compiledJar, type Toolchain } from "../../context-node/spark/toolchain/mod.ts";
import { startChild } from "../../standalone/mod.ts";
import { miniYarnJars } from "./jars.ts";

const START_TIMEOUT_MS = 60_000;

const JVM_OPTIONS = ["-Xmx400m", "-XX:+UseSerialGC", "--add-opens", "java.base/java.lang=ALL-UNNAMED"];

/** An application as YARN's resource manager lists it. */
export interface YarnApplication {
  readonly id: string;
  readonly name: string;
  /** `RUNNING`, `FINISHED`, `KILLED`, `FAILED`, … */
  readonly state: string;
  /** `SUCCEEDED`, `KILLED`, `FAILED`; `UNDEFINED` until it is final. */
  readonly finalStatus: string;
}

/** YARN with one node. Disposing it ends it with its applications, and removes its files. */
export interface YarnCluster extends AsyncDisposable {
  /** For HADOOP_CONF_DIR. */
  readonly configurationFolder: string;
  /** A folder that all of its containers and clients can read. */
  readonly stagingFolder: string;
  listApplications(): Promise<readonly YarnApplication[]>;
}

export async function startYarnCluster({ compiler }: Toolchain): Promise<YarnCluster> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "hearth-yarn-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const { spark, java } = compiler;
  const jars = await miniYarnJars(process.env);
  const main = await compiledJar(compiler, {
    name: "mini-yarn",
    subject: "the YARN cluster of the tests",
    sources: [resolve(import.meta.dirname, "MiniYarn.scala")],
    classPath: jars,
  });
  const classPath = [main, ...jars, join(spark.jars, "*")].join(delimiter);
  const child = stack.use(
    await startChild({
      name: "the YARN cluster",
      command: java.command,
      args: [...JVM_OPTIONS, "-cp", classPath, "hearth.test.MiniYarn", folder],
      readyWhen: (line) => /^READY (\S+)$/.exec(line)?.[1],
      startTimeoutMs: START_TIMEOUT_MS,
    }),
  );
  const owned = stack.move();
  return {
    configurationFolder: folder,
    stagingFolder: join(folder, "staging"),
    async listApplications() {
      const response = await fetch(`http://${child.ready}/ws/v1/cluster/apps`, {
        headers: { accept: "application/json" },
      });
      if (!response.ok) throw new Error(`The resource manager answered ${response.status}: ${await response.text()}`);
      const { apps } = (await response.json()) as { apps: { app?: YarnApplication[] } | null };
      return apps?.app ?? [];
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
