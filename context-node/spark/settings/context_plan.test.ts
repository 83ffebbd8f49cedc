import { expect, test } from "vitest";
import { ContextSettings } from "../../../proto/node.ts";
import { planContext } from "./context_plan.ts";

const GIBIBYTE = 1024 ** 3;

const OPERATOR = { master: "local[*]", deployMode: "client", conf: {}, hadoop: {}, env: {} } as const;

function plan(
  settings: Record<string, unknown>,
  { operator = {}, ...more }: { operator?: Partial<Parameters<typeof planContext>[1]> } & Partial<ContextSettings> = {},
): ReturnType<typeof planContext> {
  const complete = { ...ContextSettings.create(), memoryBytes: GIBIBYTE, settings, ...more };
  return planContext({ name: "counts", settings: complete }, { ...OPERATOR, ...operator });
}

test("planContext() sets the defaults of every application", () => {
  expect(plan({})).toEqual({
    name: "counts",
    kind: "default",
    conf: {
      "spark.app.name": "counts",
      "spark.master": "local[*]",
      "spark.driver.memory": "655360k",
      "spark.driver.host": "127.0.0.1",
      "spark.driver.bindAddress": "127.0.0.1",
      "spark.ui.port": "0",
      "spark.ui.killEnabled": "false",
      "spark.ui.showConsoleProgress": "false",
    },
    hadoop: {},
    batchIntervalMs: 1000,
    master: "local[*]",
    heapBytes: 640 * 1024 ** 2,
    env: {},
    proxyUser: undefined,
    needsSubmit: false,
    warnings: [],
  });
});

test.each([
  [{ "num-cpu-cores": 4 }, { "spark.cores.max": "4", "spark.master": "local[4]" }],
  [
    { "num-cpu-cores": "4", spark: { cores: { max: 2 } } },
    { "spark.cores.max": "2", "spark.master": "local[2]" },
  ],
  [{ "memory-per-node": "512m" }, { "spark.executor.memory": "512m" }],
  [{ "mem-per-node": "2g" }, { "spark.executor.memory": "2g" }],
  [{ "memory-per-node": "1g", "mem-per-node": "2g" }, { "spark.executor.memory": "1g" }],
  [{ "mem-per-node": "2g", "spark.executor.memory": "3g" }, { "spark.executor.memory": "3g" }],
  [
    { spark: { ui: { port: 4040 }, "sql.shuffle.partitions": 8 } },
    { "spark.ui.port": "4040", "spark.sql.shuffle.partitions": "8" },
  ],
  [{ "spark.eventLog.enabled": true }, { "spark.eventLog.enabled": "true" }],
  [{ "spark.list": ["a", 2, true] }, { "spark.list": "a,2,true" }],
  [{ "passthrough.spark.cassandra.host": "db" }, { "spark.cassandra.host": "db" }],
  [{ passthrough: { es: { nodes: "h" } } }, { "es.nodes": "h" }],
  [{ launcher: { "spark.executor.cores": 2 } }, { "spark.executor.cores": "2" }],
  [{ "launcher.spark.driver.memory": "3g" }, { "spark.driver.memory": "655360k" }],
])("planContext() converts %j to settings of Spark", (settings, conf) => {
  expect(plan(settings).conf).toMatchObject(conf);
});

test("planContext() lets a context override settings of the operator, except those that only the operator decides", () => {
  const operator = { master: "spark://m:7077", conf: { "spark.a": "1", "spark.b": "1", "spark.driver.memory": "9g" } };
  const settings = { "spark.b": "2", "spark.master": "local", "passthrough.spark.submit.deployMode": "cluster" };
  const { conf, warnings } = plan(settings, { operator });
  expect(conf).toMatchObject({ "spark.a": "1", "spark.b": "2", "spark.master": "spark://m:7077" });
  expect(conf).not.toHaveProperty("spark.submit.deployMode");
  expect(conf["spark.driver.memory"]).toBe("655360k");
  expect(warnings).toEqual([
    "The setting spark.master was left out: it is node.spark.master of the node's configuration",
    "The setting spark.submit.deployMode was left out: it is node.spark.deployMode of the node's configuration",
  ]);
});

test.each([
  ["local[2]", { "num-cpu-cores": 8 }, "local[2]"],
  ["local[8]", { "num-cpu-cores": 3 }, "local[3]"],
  ["local", { "num-cpu-cores": 3 }, "local[1]"],
  ["local[*,4]", { "num-cpu-cores": 3 }, "local[3,4]"],
  ["local-cluster[1,1,600]", { "num-cpu-cores": 3 }, "local-cluster[1,1,600]"],
  ["spark://m:7077", { "num-cpu-cores": 3 }, "spark://m:7077"],
])("planContext() limits the cores on %s to those of the operator", (master, settings, wanted) => {
  expect(plan(settings, { operator: { master } }).master).toBe(wanted);
});

test("planContext() uses the CPU cores of a context unless its settings give cores of Spark", () => {
  expect(plan({}, { cpuCores: 1.5 }).conf).toMatchObject({ "spark.cores.max": "2", "spark.master": "local[2]" });
  expect(plan({ "num-cpu-cores": 1 }, { cpuCores: 4 }).conf).toMatchObject({ "spark.cores.max": "1" });
});

test.each([
  [{ "num-cpu-cores": "abc" }, 'its setting num-cpu-cores is "abc"; give a whole number of at least 1'],
  [{ "num-cpu-cores": 0 }, 'its setting num-cpu-cores is "0"'],
  [{ "num-cpu-cores": 1.5 }, 'its setting num-cpu-cores is "1.5"'],
  [{ "memory-per-node": "much" }, 'its setting memory-per-node is "much"; give a size such as 512m or 2g'],
  [{ "mem-per-node": "-1g" }, 'its setting mem-per-node is "-1g"'],
  [
    { streaming: { batch_interval: "soon" } },
    'its setting streaming.batch_interval is "soon"; give a number of milliseconds',
  ],
])("planContext() refuses %j", (settings, message) => {
  expect(() => plan(settings)).toThrow(`Cannot start Spark context "counts": ${message}`);
});

test.each([
  ["spark.jobserver.context.DefaultSparkContextFactory", "default"],
  ["spark.jobserver.context.JavaSparkContextFactory", "default"],
  ["spark.jobserver.context.SessionContextFactory", "session"],
  ["spark.jobserver.context.JavaSessionContextFactory", "session"],
  ["spark.jobserver.context.SQLContextFactory", "sql"],
  ["spark.jobserver.context.JavaSqlContextFactory", "sql"],
  ["spark.jobserver.context.HiveContextFactory", "hive"],
  ["spark.jobserver.context.StreamingContextFactory", "streaming"],
])("planContext() derives from %s the kind %s", (factory, kind) => {
  expect(plan({ "context-factory": factory }).kind).toBe(kind);
});

test.each([
  [{ master: "yarn" }, {}],
  [{ master: "k8s://https://h:6443" }, {}],
  [{ deployMode: "cluster" as const, master: "spark://m:7077" }, {}],
  [{}, { "spark.proxy.user": "alice" }],
  [{}, { "spark.jars.packages": "a:b:1" }],
  [{}, { "spark.driver.extraJavaOptions": "-Dx=y" }],
])("planContext() needs spark-submit for %j and %j", (operator, settings) => {
  expect(plan(settings, { operator }).needsSubmit).toBe(true);
});

test("planContext() reads settings of Hadoop, the proxy user and the batch interval", () => {
  const operator = { hadoop: { "fs.defaultFS": "hdfs://a", "io.file.buffer.size": "1" } };
  const settings = {
    hadoop: { fs: { defaultFS: "hdfs://b" } },
    "spark.proxy.user": "alice",
    "streaming.batch_interval": 250,
  };
  const { hadoop, proxyUser, batchIntervalMs, conf } = plan(settings, { operator });
  expect(hadoop).toEqual({ "fs.defaultFS": "hdfs://b", "io.file.buffer.size": "1" });
  expect({ proxyUser, batchIntervalMs }).toEqual({ proxyUser: "alice", batchIntervalMs: 250 });
  expect(conf).not.toHaveProperty("spark.proxy.user");
});

test.each([
  [512, 320, "67108864"],
  [1024, 640, undefined],
  [4096, 3712, undefined],
  [11 * 1024, 10 * 1024, undefined],
])("planContext() gives a context of %i MiB a heap of %i MiB", (mebibytes, heap, reserved) => {
  const { heapBytes, conf } = plan({}, { memoryBytes: mebibytes * 1024 ** 2 });
  expect(heapBytes / 1024 ** 2).toBe(heap);
  expect(conf["spark.testing.reservedMemory"]).toBe(reserved);
});

test("planContext() gives drivers the environment of the operator and the context", () => {
  const operator = { env: { A: "1", B: "1" } };
  expect(plan({}, { operator, env: { B: "2" } }).env).toEqual({ A: "1", B: "2" });
});

test("planContext() drops environment variables that belong to the node", () => {
  const { env, warnings } = plan({}, { env: { A: "1", HEARTH_SPARE: "warm" } });
  expect(env).toEqual({ A: "1" });
  expect(warnings).toEqual([
    "env HEARTH_SPARE was left out: names that begin with HEARTH_, and those of Hadoop's users, are the node's own",
  ]);
});

test("planContext() refuses a setting with two values under two spellings", () => {
  expect(plan({ "spark.proxy.user": "a", spark: { proxy: { user: "a" } } }).proxyUser).toBe("a");
  expect(() => plan({ "spark.proxy.user": "a", spark: { proxy: { user: "b" } } })).toThrow(
    'Cannot start Spark context "counts": its settings give spark.proxy.user two values, "a" and "b"; give one',
  );
});
