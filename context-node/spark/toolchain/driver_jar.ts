import { readdir } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { type CachingCompiler, compiledJar } from "./compiled_jar.ts";
import type { Spark } from "./find_spark.ts";

const SPARK_FOLDER = resolve(import.meta.dirname, "..");

export interface DriverJar {
  /** The classes of `driver/` and `api/`. */
  readonly jar: string;
  /** Jars that they need in addition to Spark's, also at run time. */
  readonly libraries: readonly string[];
}

/** The compiled Spark driver with the job API. Compiles it on first use. Rejects with a ToolchainError. */
export async function driverJar(
  compiler: CachingCompiler,
  { libraries }: { libraries: readonly string[] },
): Promise<DriverJar> {
  const { spark } = compiler;
  const sources = [...(await sourcesOf("api", spark)), ...(await sourcesOf("driver", spark))];
  const jar = await compiledJar(compiler, {
    name: "hearth-driver",
    subject: "the Spark driver",
    sources,
    classPath: libraries,
  });
  return { jar, libraries };
}

/** The job API alone, for authors to compile jobs against. */
export async function apiJar(
  compiler: CachingCompiler,
  { libraries }: { libraries: readonly string[] },
): Promise<string> {
  return await compiledJar(compiler, {
    name: "hearth-spark-api",
    subject: "the API of Spark jobs",
    sources: await sourcesOf("api", compiler.spark),
    classPath: libraries,
  });
}

/** Scala files of a part: those for all versions of Spark, and those in the folder of this major version. */
async function sourcesOf(part: "api" | "driver", { major }: Spark): Promise<string[]> {
  const folder = join(SPARK_FOLDER, part);
  const names = await readdir(folder, { recursive: true });
  const isUsed = (name: string) =>
    name.endsWith(".scala") && (!name.startsWith("spark-") || name.startsWith(`spark-${major}${sep}`));
  return names
    .filter(isUsed)
    .toSorted()
    .map((name) => join(folder, name));
}
