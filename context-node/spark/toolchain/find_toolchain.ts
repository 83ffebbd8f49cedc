import type { Environment } from "./cache.ts";
import type { CachingCompiler } from "./compiled_jar.ts";
import { findJava } from "./find_java.ts";
import { findSpark } from "./find_spark.ts";
import { findLibraries } from "./libraries.ts";

/** A compiler, and the jars that jobs need in addition to Spark's. */
export interface Toolchain {
  readonly compiler: CachingCompiler;
  readonly libraries: readonly string[];
}

export interface ToolchainOptions {
  /** Home of Spark. Takes precedence over SPARK_HOME. */
  readonly home?: string | undefined;
  readonly env: Environment;
  readonly log?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Finds Spark, Java and the libraries that are needed to compile Scala for Spark. Rejects with a ToolchainError. */
export async function findToolchain({ home, env, log, signal }: ToolchainOptions): Promise<Toolchain> {
  const spark = await findSpark({ home, env });
  const java = await findJava({ env, spark });
  const libraries = await findLibraries(spark, { env, signal });
  return { compiler: { spark, java, env, log, signal }, libraries };
}
