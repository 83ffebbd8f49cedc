import { SPARK_SETTINGS } from "../../cluster/mod.ts";

/** Free setting by which clients of spark-jobserver choose a runtime and a kind of Spark context. */
export const FACTORY = SPARK_SETTINGS.contextFactory;

/** Kind of Spark context that jobs get. */
export type ContextKind = "default" | "session" | "sql" | "hive" | "streaming";

/** Packages of the factories in various versions. */
const PACKAGES = ["spark.jobserver.context", "spark.jobserver", "spark.jobserver.util"];

const KINDS: ReadonlyMap<string, ContextKind> = new Map([
  ["DefaultSparkContextFactory", "default"],
  ["JavaSparkContextFactory", "default"],
  ["SessionContextFactory", "session"],
  ["JavaSessionContextFactory", "session"],
  ["SparkSessionFactory", "session"],
  ["SQLContextFactory", "sql"],
  ["JavaSqlContextFactory", "sql"],
  ["JavaSQLContextFactory", "sql"],
  ["HiveContextFactory", "hive"],
  ["JavaHiveContextFactory", "hive"],
  ["StreamingContextFactory", "streaming"],
  ["JavaStreamingContextFactory", "streaming"],
]);

/** The kind of context that a factory of spark-jobserver creates, or the reason why it is not supported. */
export type Factory = { readonly kind: ContextKind } | { readonly problem: string };

/** Looks up a factory by its full class name. */
export function findFactory(className: string): Factory {
  const dot = className.lastIndexOf(".");
  const [folder, name] = [className.slice(0, dot), className.slice(dot + 1)];
  const kind = PACKAGES.includes(folder) ? KINDS.get(name) : undefined;
  if (kind !== undefined) return { kind };
  if (/python/i.test(className)) {
    return {
      problem: `${className} makes contexts for Python, which does not run here: use a job of a jar, or Spark's SQL, in a context of spark.jobserver.context.SessionContextFactory`,
    };
  }
  const known = [...KINDS.keys()].filter((each) => !each.startsWith("Java")).join(", ");
  return {
    problem: `${className} is not a known factory: leave it out, or name one of spark.jobserver.context: ${known}`,
  };
}
