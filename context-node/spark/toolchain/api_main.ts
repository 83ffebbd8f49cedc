/** `npm run spark:api`: compiles the API of Spark jobs into `dist/`. Authors compile their jobs against it. */
import packageJson from "../../../package.json" with { type: "json" };
import { runBuild } from "./build_main.ts";
import { apiJar } from "./driver_jar.ts";

await runBuild({
  usage: `npm run spark:api [-- --spark-home <folder>]

Compiles the API of Spark jobs (spark.jobserver.*) for the Spark of --spark-home, of SPARK_HOME, or the newest installed one, to
dist/hearth-spark-api_<Scala>-<version>.jar, and prints how a job is compiled against it.`,
  async build({ compiler, libraries }, publish) {
    const { spark, java } = compiler;
    const name = `hearth-spark-api_${spark.scalaVersion}-${packageJson.version}.jar`;
    const { path: jar, shown } = await publish(await apiJar(compiler, { libraries }), name);
    const classPath = [`${spark.jars}/*`, ...libraries, jar].join(":");
    return `${shown} is the API for Spark ${spark.version}, Scala ${spark.scalaVersion}.
A job in my-job.scala is compiled to my-job.jar by:

  ${java.command} -Xss8m -cp '${spark.jars}/*' scala.tools.nsc.Main -cp '${classPath}' -d my-job.jar my-job.scala

With sbt or Maven, name these jars as provided, beside org.apache.spark:spark-sql_${spark.scalaVersion}:${spark.version}:
  ${[jar, ...libraries].join("\n  ")}`;
  },
});
