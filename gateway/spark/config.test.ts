import { expect, test } from "vitest";
import { Runtime } from "../../proto/mod.ts";
import { parseSparkConfig } from "./config.ts";

const FACTORY = "spark.jobserver.context.SQLContextFactory";

test("parseSparkConfig() gives predefined contexts their named runtime, else the default", () => {
  const { predefined } = parseSparkConfig({
    defaultRuntime: Runtime.SPARK,
    contexts: {
      sql: { "context-factory": FACTORY, "launcher.spark.driver.memory": "2g", "num-cpu-cores": 4 },
      modules: { runtime: "DENO", "num-cpu-cores": 4 },
      plain: {},
    },
    contextSettings: {},
    jobConfig: {},
    spark: {
      ...{ requestTimeoutMs: 1, contextDeletionTimeoutMs: 1, useAsProxyUser: false },
      programs: { folders: [], allow: [] },
    },
  });
  const free = { "context-factory": FACTORY, launcher: { spark: { driver: { memory: "2g" } } }, "num-cpu-cores": 4 };
  expect(predefined.get("sql")).toMatchObject({
    ...{ runtime: Runtime.SPARK, cpuCores: 0, memoryBytes: 2n ** 31n },
    settings: free,
  });
  expect(predefined.get("modules")).toMatchObject({ runtime: Runtime.DENO, cpuCores: 4 });
  expect(predefined.get("plain")).toMatchObject({ runtime: Runtime.SPARK });
});
