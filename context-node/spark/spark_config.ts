import { resolve } from "node:path";
import { z } from "zod";
import { address, LONGEST_DELAY_MS } from "../../cluster/mod.ts";

/** Environment variables for finding Java and Spark, and for starting drivers. */
const VARIABLES = ["SPARK_HOME", "JAVA_HOME", "PATH", "HOME", "XDG_CACHE_HOME", "HEARTH_MAVEN", "LANG", "TZ"] as const;

const path = z.string().min(1);
const texts = z.record(z.string().min(1), z.string());

/** Section `node.spark` of the configuration file. */
export const sparkSection = z
  .strictObject({
    enabled: z
      .union([z.boolean(), z.literal("auto")])
      .default("auto")
      .describe(
        "Whether it runs Spark contexts: `auto` where Java and Spark are found, `true` refuses to start without them, `false` does not look for them",
      ),
    home: path
      .optional()
      .describe(
        "Folder of Spark 3.5 or 4; default `SPARK_HOME`, else the newest that `npm run spark:install` installed",
      ),
    java: path.optional().describe("Folder of Java, as in `JAVA_HOME`; default `JAVA_HOME`, else `java` on `PATH`"),
    master: z
      .string()
      .min(1)
      .default("local[*]")
      .refine((master) => !master.startsWith("mesos://"), "Spark 4 left Mesos: use spark://host:7077, yarn or k8s://…")
      .describe("Where applications run: `local[*]`, `spark://host:7077`, `yarn`, `k8s://https://host:6443`"),
    deployMode: z
      .enum(["client", "cluster"])
      .default("client")
      .describe("Whether drivers run on this machine or in the cluster; in the cluster they have to reach `listen`"),
    conf: texts
      .default({})
      .describe(
        "Settings of Spark for all contexts. What a context sets itself stands above them, but for `spark.master`, `spark.app.name`, `spark.submit.*` and the driver's memory",
      ),
    hadoop: texts.default({}).describe("Settings of Hadoop for all contexts, such as `fs.defaultFS`"),
    env: texts
      .default({})
      .describe("Environment variables of drivers, such as `HADOOP_CONF_DIR`; nothing else of the node's is passed on"),
    libraries: z
      .array(path)
      .default([])
      .describe(
        "Jars of Lightbend config and scalactic that the job API is compiled with; default: those of the user's cache, fetched from Maven Central once",
      ),
    listen: address.default("127.0.0.1:0").describe("`host:port` where drivers connect back to the node"),
    advertise: address
      .optional()
      .describe("`host:port` that drivers in a cluster connect to, where that is not the one listened on"),
    spares: z
      .int()
      .nonnegative()
      .max(16)
      .default(1)
      .describe(
        "Warm driver processes kept for contexts to come, from the first Spark context on; each takes about 400 MB",
      ),
    startTimeoutMs: z
      .int()
      .positive()
      .max(LONGEST_DELAY_MS)
      .default(120_000)
      .describe("The longest that a driver may take until it runs jobs, in milliseconds, its master's answer included"),
    onNewVersion: z
      .enum(["replace", "refuse"])
      .default("replace")
      .describe(
        "What happens to a job whose jar has other classes under names that its context has loaded: `replace` lets running jobs end, restarts the context and runs it then; `refuse` fails it",
      ),
    replaceTimeoutMs: z
      .int()
      .positive()
      .max(LONGEST_DELAY_MS)
      .default(600_000)
      .describe(
        "The longest that a job with a new version of a jar waits for the jobs that run in its context, in milliseconds; after that it fails, and the context goes on as it is",
      ),
    confine: z
      .boolean()
      .default(true)
      .describe(
        "Whether drivers on this machine run behind bubblewrap where that works: they see no other processes, not the node's data, secrets and configuration, and write nowhere but in their own folder and in `folders`",
      ),
    folders: z
      .array(path)
      .default([])
      .describe("Folders of this machine that confined drivers may write, and see where they would be hidden"),
  })
  .prefault({})
  .describe("Spark contexts");

/** Configuration of Spark on a context node. */
export interface SparkConfig
  extends Omit<z.output<typeof sparkSection>, "home" | "java" | "advertise" | "libraries" | "folders"> {
  /** Absolute, like all paths here. */
  readonly home: string | undefined;
  readonly java: string | undefined;
  readonly advertise: string | undefined;
  readonly libraries: readonly string[];
  readonly folders: readonly string[];
  /** The variables in the node's environment that concern Java and Spark. */
  readonly environment: Readonly<Record<string, string>>;
}

export function completeSpark(
  section: z.output<typeof sparkSection>,
  environment: Readonly<Record<string, string | undefined>>,
): SparkConfig {
  const variables = VARIABLES.flatMap((name) => {
    const value = environment[name];
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  return {
    ...section,
    home: section.home === undefined ? undefined : resolve(section.home),
    java: section.java === undefined ? undefined : resolve(section.java),
    advertise: section.advertise,
    libraries: section.libraries.map((each) => resolve(each)),
    folders: section.folders.map((each) => resolve(each)),
    environment: Object.fromEntries(variables),
  };
}
