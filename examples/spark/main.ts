/** `npm run spark:examples`: compiles the example jobs to `dist/job-server-tests.jar`. */
import { copyFile, mkdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { findToolchain, ToolchainError } from "../../context-node/spark/toolchain/mod.ts";
import { dependencyJar, exampleJar } from "./build.ts";

const USAGE = `npm run spark:examples [-- --spark-home <folder>]

Compiles the example jobs for the Spark of --spark-home, of SPARK_HOME, or the newest installed one, to dist/job-server-tests.jar, and
the jar that one of them depends on to dist/empty-class.jar.`;

const DIST = resolve(import.meta.dirname, "../../dist");

const { values } = parseArgs({ options: { "spark-home": { type: "string" }, help: { type: "boolean", short: "h" } } });
if (values.help) console.log(USAGE);
else await build(values["spark-home"]);

async function build(home: string | undefined): Promise<void> {
  try {
    const { compiler, libraries } = await findToolchain({ home, env: process.env, log: (line) => console.log(line) });
    await mkdir(DIST, { recursive: true });
    const jar = join(DIST, "job-server-tests.jar");
    await copyFile(await exampleJar(compiler, { libraries }), jar);
    await copyFile(await dependencyJar(compiler), join(DIST, "empty-class.jar"));
    console.log(`The jobs for Spark ${compiler.spark.version} are in ${relative("", jar)}. With npm start running:

  curl --data-binary @${relative("", jar)} localhost:8090/jars/test
  curl -d 'input.string = a b c a b see' 'localhost:8090/jobs?appName=test&classPath=spark.jobserver.WordCountExample&sync=true'`);
  } catch (error) {
    if (!(error instanceof ToolchainError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
