/** `npm run spark:api`: puts the API of Spark jobs, which authors compile against, into `dist/`. */
import { copyFile, mkdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import packageJson from "../../../package.json" with { type: "json" };
import { apiJar } from "./driver_jar.ts";
import { ToolchainError } from "./error.ts";
import { findToolchain } from "./find_toolchain.ts";

const USAGE = `npm run spark:api [-- --spark-home <folder>]

Compiles the API of Spark jobs (spark.jobserver.*) for the Spark of --spark-home, of SPARK_HOME, or the newest installed one, to
dist/hearth-spark-api_<Scala>-<version>.jar, and prints how a job is compiled against it.`;

const DIST = resolve(import.meta.dirname, "../../../dist");

const { values } = parseArgs({ options: { "spark-home": { type: "string" }, help: { type: "boolean", short: "h" } } });
if (values.help) console.log(USAGE);
else await build(values["spark-home"]);

async function build(home: string | undefined): Promise<void> {
  try {
    const { compiler, libraries } = await findToolchain({ home, env: process.env, log: (line) => console.log(line) });
    const { spark, java } = compiler;
    const compiled = await apiJar(compiler, { libraries });
    const jar = join(DIST, `hearth-spark-api_${spark.scalaVersion}-${packageJson.version}.jar`);
    await mkdir(DIST, { recursive: true });
    await copyFile(compiled, jar);
    const classPath = [`${spark.jars}/*`, ...libraries, jar].join(":");
    console.log(`${relative("", jar)} is the API for Spark ${spark.version}, Scala ${spark.scalaVersion}.
A job in my-job.scala is compiled to my-job.jar by:

  ${java.command} -Xss8m -cp '${spark.jars}/*' scala.tools.nsc.Main -cp '${classPath}' -d my-job.jar my-job.scala

With sbt or Maven, name these jars as provided, beside org.apache.spark:spark-sql_${spark.scalaVersion}:${spark.version}:
  ${[jar, ...libraries].join("\n  ")}`);
  } catch (error) {
    if (!(error instanceof ToolchainError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
