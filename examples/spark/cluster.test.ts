import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isAlive } from "../../test/npm_start.ts";
import { describeSpark } from "../../test/spark.ts";
import { until } from "../../test/until.ts";
import { type SparkCluster, startSparkCluster } from "./cluster.ts";

describeSpark("startSparkCluster()", (toolchain) => {
  let cluster: SparkCluster;
  beforeAll(async () => {
    cluster = await startSparkCluster(toolchain().compiler);
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  /** What `spark-submit`, the master and an executor make of a query. */
  async function query(statement: string): Promise<string> {
    const { spark } = toolchain().compiler;
    const conf = {
      "spark.executor.memory": "512m",
      "spark.ui.enabled": "false",
      "spark.driver.host": "127.0.0.1",
      "spark.sql.catalogImplementation": "in-memory",
    };
    const { stdout } = await promisify(execFile)(
      join(spark.home, "bin", "spark-submit"),
      [
        ...["--master", cluster.url, "--driver-memory", "512m"],
        ...Object.entries(conf).flatMap(([name, value]) => ["--conf", `${name}=${value}`]),
        ...["--class", "org.apache.spark.sql.hive.thriftserver.SparkSQLCLIDriver", "spark-internal", "-e", statement],
      ],
      { cwd: tmpdir(), env: { ...process.env, SPARK_HOME: spark.home } },
    );
    return stdout.trim();
  }

  test("has executors that run tasks", async () => {
    expect(await query("SELECT sum(id) FROM range(1000)")).toBe("499500");
  });

  test("has a master that comes back on its port, where the worker finds it", async () => {
    await cluster.master.kill();
    expect(cluster.master.pid).toBeUndefined();
    await cluster.master.start();
    await until(
      "the worker is registered again",
      async () => {
        const response = await fetch(`${cluster.webUrl}/json/`);
        return ((await response.json()) as { aliveworkers: number }).aliveworkers === 1;
      },
      { deadlineMs: 60_000 },
    );
  });

  test("leaves no process behind when it is disposed", async () => {
    const pids = [cluster.master.pid ?? 0, cluster.worker.pid ?? 0];
    expect(pids.map(isAlive)).toEqual([true, true]);
    await cluster[Symbol.asyncDispose]();
    expect(pids.map(isAlive)).toEqual([false, false]);
  });
});
