import { resolve } from "node:path";
import { z } from "zod";
import { address } from "../../cluster/mod.ts";
import { LONGEST_DELAY_MS } from "../../lib/async/mod.ts";

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
        "Whether the node runs Spark contexts: `auto` if it finds Java and Spark, `true` refuses to start without them, `false` disables them",
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
      .describe("Whether drivers run on this machine or in the cluster, where they must reach `listen`"),
    conf: texts
      .default({})
      .describe(
        "Settings of Spark for all contexts. Settings of a context take precedence, except `spark.master`, `spark.app.name`, `spark.submit.*` and the driver's memory",
      ),
    hadoop: texts.default({}).describe("Settings of Hadoop for all contexts, such as `fs.defaultFS`"),
    env: texts
      .default({})
      .describe(
        "Environment variables of drivers, such as `HADOOP_CONF_DIR`; drivers inherit no variables of the node",
      ),
    libraries: z
      .array(path)
      .default([])
      .describe(
        "Jars of Lightbend config and scalactic that the job API needs; default: those in the user's cache, downloaded once from Maven Central",
      ),
    listen: address.default("127.0.0.1:0").describe("`host:port` where drivers connect back to the node"),
    advertise: address
      .optional()
      .describe("`host:port` that drivers in a cluster connect to, if it differs from `listen`"),
    spares: z
      .int()
      .nonnegative()
      .max(16)
      .default(1)
      .describe(
        "Number of warm driver processes for future contexts, from the first Spark context on; each takes about 400 MB",
      ),
    startTimeoutMs: z
      .int()
      .positive()
      .max(LONGEST_DELAY_MS)
      .default(120_000)
      .describe("Time limit for the start of a driver, including the reply of its master, in milliseconds"),
    onNewVersion: z
      .enum(["replace", "refuse"])
      .default("replace")
      .describe(
        "What happens to a job whose jar has other classes under names that its context has loaded: `replace` waits for the running jobs, restarts the context, then runs the job; `refuse` fails it",
      ),
    replaceTimeoutMs: z
      .int()
      .positive()
      .max(LONGEST_DELAY_MS)
      .default(600_000)
      .describe(
        "Time limit for a job with a new version of a jar to wait for the running jobs of its context, in milliseconds; then it fails, and the context continues",
      ),
    confine: z
      .boolean()
      .default(true)
      .describe(
        "Whether drivers on this machine run in bubblewrap, if that works: they see no other processes and none of the node's data, secrets and configuration, and write only in their own folder and in `folders`",
      ),
    folders: z.array(path).default([]).describe("Folders of this machine that confined drivers may read and write"),
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
