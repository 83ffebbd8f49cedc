import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { compiledJar, type Toolchain } from "../../context-node/spark/toolchain/mod.ts";

/** A driver that runs the job of the measurements in a loop. It ends at disposal, and with this process. */
export interface Loop extends AsyncDisposable {
  /** Runs the job repeatedly, and resolves to the latencies in milliseconds. */
  run(count: number): Promise<number[]>;
}

/** Starts one with these settings of Spark, and resolves when it has its SparkContext. */
export async function startLoop(
  { compiler }: Toolchain,
  { conf, signal }: { readonly conf: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<Loop> {
  const { spark, java } = compiler;
  const jar = await compiledJar(compiler, {
    name: "bench-loop",
    subject: "the loop of the measurements",
    sources: [resolve(import.meta.dirname, "Loop.scala")],
    classPath: [],
  });
  const args = [
    ...Object.entries(conf).flatMap(([name, value]) => ["--conf", `${name}=${value}`]),
    ...["--class", "hearth.bench.Loop", jar],
  ];
  const child = spawn(join(spark.home, "bin", "spark-submit"), args, {
    stdio: ["pipe", "pipe", "ignore"],
    env: {
      ...process.env,
      ...{ SPARK_HOME: spark.home, SPARK_SCALA_VERSION: spark.scalaVersion, SPARK_LOCAL_IP: "127.0.0.1" },
      ...(java.home !== undefined && { JAVA_HOME: java.home }),
    },
  });
  const stop = () => child.stdin.end();
  signal.addEventListener("abort", stop, { once: true });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await readLine(lines, /^READY$/);
  return {
    async run(count) {
      child.stdin.write(`${count}\n`);
      const [, times = ""] = await readLine(lines, /^TIMES (.*)$/);
      return times.split(" ").map((micros) => Number(micros) / 1000);
    },
    async [Symbol.asyncDispose]() {
      signal.removeEventListener("abort", stop);
      if (child.exitCode !== null) return;
      const ended = once(child, "exit");
      stop();
      await ended;
    },
  };
}

/** The next line that matches. Rejects if the loop ends before. */
async function readLine(lines: AsyncIterator<string>, form: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done)
      throw new Error("The loop of the measurements ended by itself; run it by hand with spark-submit to see why");
    const match = form.exec(value);
    if (match) return match;
  }
}
