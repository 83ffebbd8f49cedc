import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, rm } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { ToolchainError } from "./error.ts";
import type { Java } from "./find_java.ts";
import type { Spark } from "./find_spark.ts";
import { writeJar } from "./jar.ts";

/** The compiler's own jars: it starts faster with these alone than with all jars of Spark. */
const COMPILER_JAR = /^(scala-(compiler|library|reflect)|jline|jna)-\d.*\.jar$/;

/** The serial collector and C1 halve the time of a compiler that runs for seconds. Deeply nested types need the stack. */
const JVM_OPTIONS = ["-Xss8m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

const SCALAC_OPTIONS = ["-Ybackend-parallelism", "2"];

/** Longest quote of the compiler's messages in an error, in characters. */
const LONGEST_MESSAGES = 20_000;

/** The Scala compiler among the jars of a Spark, and the Java that runs it: a JRE suffices. */
export interface Compiler {
  readonly spark: Spark;
  readonly java: Java;
  readonly signal?: AbortSignal | undefined;
}

export interface Compilation {
  /** For messages: `the Spark driver`. */
  readonly subject: string;
  /** Paths of Scala files. */
  readonly sources: readonly string[];
  /** Jars beside Spark's. */
  readonly classPath: readonly string[];
  /** Path of the jar to write. The folder `<jar>.classes` exists while the compiler runs. */
  readonly jar: string;
  /** Options of scalac, such as `-deprecation`. */
  readonly options?: readonly string[];
}

/** Compiles Scala files to a jar. If it fails, rejects with a ToolchainError that quotes the compiler's messages with file and line. */
export async function compileScala(compiler: Compiler, compilation: Compilation): Promise<void> {
  const folder = `${compilation.jar}.classes`;
  await mkdir(folder);
  try {
    await runCompiler(compiler, compilation, folder);
    await writeJar(compilation.jar, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runCompiler(
  { spark, java, signal }: Compiler,
  { subject, sources, classPath, options = [] }: Compilation,
  folder: string,
): Promise<void> {
  const jars = (await readdir(spark.jars)).filter((name) => COMPILER_JAR.test(name));
  if (!jars.some((name) => name.startsWith("scala-compiler-"))) {
    throw new ToolchainError(
      "SPARK_INCOMPLETE",
      `Cannot compile ${subject}: ${spark.jars} has no scala-compiler-<version>.jar; use a complete Spark, such as the one of \`npm run spark:install\``,
    );
  }
  const compilerPath = jars.map((name) => join(spark.jars, name)).join(delimiter);
  const path = [join(spark.jars, "*"), ...classPath].join(delimiter);
  const child = spawn(
    java.command,
    [
      ...[...JVM_OPTIONS, "-cp", compilerPath, "scala.tools.nsc.Main"],
      ...[...SCALAC_OPTIONS, ...options, "-cp", path, "-d", folder, ...sources],
    ],
    { stdio: ["ignore", "pipe", "pipe"], signal },
  );
  const [[code], ...messages] = await Promise.all([once(child, "close"), text(child.stderr), text(child.stdout)]);
  if (code === 0) return;
  throw new ToolchainError(
    "COMPILATION_FAILED",
    `Cannot compile ${subject} (${sources.map((source) => basename(source)).join(", ")}) for Spark ${spark.version} with Scala ${spark.scalaVersion}:\n${messages.join("").trim().slice(0, LONGEST_MESSAGES)}`,
  );
}
