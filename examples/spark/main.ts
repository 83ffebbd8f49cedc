/** `npm run spark:examples`: compiles the example jobs to `dist/job-server-tests.jar`. */
import { runBuild } from "../../context-node/spark/toolchain/mod.ts";
import { dependencyJar, exampleJar } from "./build.ts";

await runBuild({
  usage: `npm run spark:examples [-- --spark-home <folder>]

Compiles the example jobs for the Spark of --spark-home, of SPARK_HOME, or the newest installed one, to dist/job-server-tests.jar, and
the jar that one of them depends on to dist/empty-class.jar.`,
  async build({ compiler, libraries }, publish) {
    const { shown } = await publish(await exampleJar(compiler, { libraries }), "job-server-tests.jar");
    await publish(await dependencyJar(compiler), "empty-class.jar");
    return `The jobs for Spark ${compiler.spark.version} are in ${shown}. With npm start running:

  curl --data-binary @${shown} localhost:8090/jars/test
  curl -d 'input.string = a b c a b see' 'localhost:8090/jobs?appName=test&classPath=spark.jobserver.WordCountExample&sync=true'`;
  },
});
