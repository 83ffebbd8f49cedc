import { expect, test } from "vitest";
import { parseHocon } from "../../lib/hocon/mod.ts";
import { Runtime } from "../../proto/mod.ts";
import { expandPaths } from "./paths.ts";
import { parseContextSettings } from "./settings.ts";

test.each([
  ["num-cpu-cores = 4", { cpuCores: 4 }],
  ["spark.cores.max = 2, num-cpu-cores = 4", { cpuCores: 2 }],
  ["memory-per-node = 512m", { memoryBytes: 536_870_912n }],
  ["mem-per-node = 4G", { memoryBytes: 4_294_967_296n }],
  ["mem-per-node = 1g, memory-per-node = 2g", { memoryBytes: 2_147_483_648n }],
  ["memory-per-node = 2g, spark.executor.memory = 3g", { memoryBytes: 3_221_225_472n }],
  ["memory-per-node = 512", { memoryBytes: 536_870_912n }],
  ["memory-per-node = 536870912", { memoryBytes: 536_870_912n }],
  ["max-jobs-per-context = 3, stop-context-on-job-error = on", { maxJobsPerContext: 3, stopOnJobError: true }],
  ["max-queued-jobs = 0", { maxQueuedJobs: 0 }],
  ['permissions.net = ["a:1"], env { TZ = UTC }', { permissions: { net: ["a:1"] }, env: { TZ: "UTC" } }],
  ['permissions.secrets = "db, mail-*"', { permissions: { net: [], secrets: ["db", "mail-*"] } }],
])("parseContextSettings() reads %s", (text, expected) => {
  expect(parseContextSettings(parseHocon(text), Runtime.DENO)).toMatchObject(expected);
});

test("parseContextSettings() keeps all settings but the environment as free settings, as given", () => {
  const text = "color = red, spark { cores.max = 1, ui.port = 0 }, memory-per-node = 512m, env.TOKEN = x";
  expect(parseContextSettings(parseHocon(text), Runtime.DENO).settings).toEqual({
    color: "red",
    "memory-per-node": "512m",
    spark: { cores: { max: 1 }, ui: { port: 0 } },
  });
});

test.each([
  ["num-cpu-cores = many", 'num-cpu-cores must be a number, but is "many"'],
  ["spark.executor.memory = -1", "spark.executor.memory must be a size such as 512m, but is -1"],
  ["max-jobs-per-context = 1.5", "max-jobs-per-context must be a whole number, but is 1.5"],
  ["stop-context-on-job-error = 2", "stop-context-on-job-error must be true or false, but is 2"],
])("parseContextSettings() refuses %s", (text, message) => {
  expect(() => parseContextSettings(parseHocon(text), Runtime.DENO)).toThrow(message);
});

const SESSION_FACTORY = "spark.jobserver.context.SessionContextFactory";

test.each([
  ["num-cpu-cores = 4, memory-per-node = 512m", { cpuCores: 0, memoryBytes: 0n }],
  ["launcher.spark.driver.memory = 2g, spark.executor.memory = 300m", { memoryBytes: 2_147_483_648n }],
  ["spark.driver.memory = 768m", { memoryBytes: 805_306_368n }],
])("parseContextSettings() keeps Spark's own settings of %s", (text, expected) => {
  const tree = parseHocon(text);
  const settings = parseContextSettings(tree, Runtime.SPARK);
  expect(settings).toMatchObject({ runtime: Runtime.SPARK, ...expected });
  expect(settings.settings).toEqual(tree);
});

test.each([
  [`context-factory = ${SESSION_FACTORY}`, Runtime.DENO, Runtime.SPARK],
  ["context-factory = spark.jobserver.util.DefaultSparkContextFactory", Runtime.DENO, Runtime.SPARK],
  ["runtime = spark", Runtime.DENO, Runtime.SPARK],
  ["runtime = DENO", Runtime.SPARK, Runtime.DENO],
  ["", Runtime.SPARK, Runtime.SPARK],
])("parseContextSettings() finds the runtime of %s with the default %i", (text, defaultRuntime, expected) => {
  expect(parseContextSettings(parseHocon(text), defaultRuntime).runtime).toBe(expected);
});

test.each([
  [
    "launcher.spark.driver.memory = 2GB",
    "launcher.spark.driver.memory must be a number with k, m, g or t, such as 512m",
  ],
  ["context-factory = com.example.MyFactory", "com.example.MyFactory is not a known factory"],
  ["context-factory = spark.jobserver.python.PythonSessionContextFactory", "which does not run here"],
  [`context-factory = ${SESSION_FACTORY}, runtime = DENO`, "but runtime is DENO"],
  ["runtime = JVM", 'runtime must be DENO or SPARK, but is "JVM"'],
])("parseContextSettings() refuses %s", (text, message) => {
  expect(() => parseContextSettings(parseHocon(text), Runtime.SPARK)).toThrow(message);
});

test("expandPaths() nests at the dots; the later of two keys wins", () => {
  const tree = expandPaths([
    ["spark.cores.max", "1"],
    ["spark.cores.max", "2"],
    ["spark.ui", "x"],
    ["__proto__.polluted", "yes"],
  ]);
  expect(JSON.stringify(tree)).toBe('{"spark":{"cores":{"max":"2"},"ui":"x"},"__proto__":{"polluted":"yes"}}');
  expect({}).not.toHaveProperty("polluted");
});
