import { dirname, join } from "node:path";
import type { ProcessLog } from "../../process_output.ts";
import { isLocalCluster } from "../settings/spark_master.ts";
import type { SparkConfig } from "../spark_config.ts";
import { driverJar, findLibraries, type Java, type Spark, sparkCache } from "../toolchain/mod.ts";
import { type ClassArchive, openClassArchive } from "./class_archive.ts";
import { type Confinement, tryConfinement } from "./confinement.ts";
import { classPath, type DriverParts } from "./driver_command.ts";

/** Everything that drivers start from. */
export interface Installation {
  readonly parts: DriverParts;
  readonly archive: ClassArchive;
  /** Undefined if drivers are not confined. */
  readonly confinement: Confinement | undefined;
  /** Why drivers are not confined although the configuration asks for it. */
  readonly obstacle?: string | undefined;
}

export interface InstallationOptions {
  readonly config: SparkConfig;
  readonly spark: Spark;
  readonly java: Java;
  /** Path of `bwrap`; undefined if there is none. */
  readonly bubblewrap: string | undefined;
  /** Folders and files of the node that no driver may read. */
  readonly hidden: readonly string[];
  readonly log: Pick<ProcessLog, "debug" | "warn">;
}

/** Fetches libraries, compiles the driver, unless both are cached, and tries the confinement. Rejects with an Error for the operator. */
export async function prepareInstallation(options: InstallationOptions, signal: AbortSignal): Promise<Installation> {
  const { config, spark, java, log } = options;
  const { environment: env } = config;
  const libraries = await findLibraries(spark, { env, named: config.libraries, signal });
  const compiler = { spark, java, env, signal, log: (line: string) => log.debug({ spark: spark.version }, line) };
  const { jar } = await driverJar(compiler, { libraries });
  // Further libraries in the configuration are for jobs.
  const others = config.libraries.filter((each) => !libraries.includes(each));
  const parts: DriverParts = { spark, java, driverJar: jar, libraries: [...libraries, ...others] };
  const archive = await openClassArchive(parts, { env, classPath: classPath(parts, config.env) });
  return { parts, archive, ...(await confinementOf(options, parts)) };
}

async function confinementOf(
  { config, bubblewrap, hidden, log }: InstallationOptions,
  { spark, java, driverJar: jar, libraries }: DriverParts,
): Promise<Pick<Installation, "confinement" | "obstacle">> {
  // The workers of a local cluster, which is for tests, write to SPARK_HOME.
  if (!config.confine || isLocalCluster(config.master)) return { confinement: undefined };
  const configured = ["SPARK_CONF_DIR", "HADOOP_CONF_DIR", "YARN_CONF_DIR"].flatMap((name) => config.env[name] ?? []);
  const found =
    bubblewrap === undefined
      ? { obstacle: "there is no bubblewrap" }
      : await tryConfinement({
          bubblewrap,
          hidden,
          readable: [
            ...[spark.home, java.home ?? dirname(dirname(java.command)), jar, ...libraries, ...configured],
            join(sparkCache(config.environment), "archives"),
          ],
          writable: config.folders,
        });
  if (!("obstacle" in found)) return { confinement: found };
  log.warn({ why: found.obstacle }, "Spark drivers are not confined: jobs in them can do what the node can");
  return { confinement: undefined, obstacle: found.obstacle };
}
