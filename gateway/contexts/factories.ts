import { SPARK_SETTINGS } from "../../cluster/mod.ts";

/** The free setting by which clients of spark-jobserver choose a runtime, and a kind of Spark context. */
export const FACTORY = SPARK_SETTINGS.contextFactory;

/** Which of Spark's contexts the jobs of a context get. */
export type ContextKind = "default" | "session" | "sql" | "hive" | "streaming";

/** Packages that the factories were in, in one version or another. */
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

/** What a factory of spark-jobserver, by its full name, makes here; or why it makes nothing, in words. */
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
    problem: `${className} is no factory that is known here: leave it out, or name one of spark.jobserver.context: ${known}`,
  };
}
