import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ContextSettings } from "../../../proto/node.ts";
import { planContext } from "../settings/context_plan.ts";
import { parseSparkDefaults, readSparkDefaults } from "../settings/spark_defaults.ts";
import {
  applicationConf,
  classPath,
  javaCommand,
  printProperties,
  submitCommand,
  submitProperties,
} from "./driver_command.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "hearth-spark-home-"));
  await mkdir(join(home, "conf"));
});
afterAll(() => rm(home, { recursive: true }));

const operator = { master: "yarn", deployMode: "cluster", environment: {}, env: {}, conf: {}, hadoop: {} } as const;
const profile = { heapBytes: 640 * 1024 ** 2, env: { A: "1" } };
const request = { profile, folder: "/run/d", token: "secret", connectTo: { host: "node", port: 7 } };

function parts() {
  const spark = { home, version: "4.3.0", major: 4, scalaVersion: "2.13" as const, jars: join(home, "jars") };
  return { spark, java: { command: "/java/bin/java", version: 17 }, driverJar: "/d.jar", libraries: ["/l.jar"] };
}

function planOf(settings: Record<string, unknown>, { master = "yarn" } = {}) {
  const complete = { ...ContextSettings.create(), memoryBytes: 1024 ** 3, settings };
  return planContext({ name: "c", settings: complete }, { ...operator, master });
}

test("a driver that only coordinates gets the fast compiler, one that computes gets the optimizing one", () => {
  const local = javaCommand(parts(), { ...operator, master: "local[2]", deployMode: "client" }, request).args;
  const remote = javaCommand(parts(), { ...operator, master: "spark://m:7077", deployMode: "client" }, request).args;
  expect(local).not.toContain("-XX:TieredStopAtLevel=1");
  expect(remote).toContain("-XX:TieredStopAtLevel=1");
  for (const args of [local, remote]) {
    expect(args).toEqual(expect.arrayContaining(["-Xmx655360k", "-XX:+ExitOnOutOfMemoryError", "-XX:+UseSerialGC"]));
    expect(args).toContain("--add-modules=jdk.incubator.vector");
    expect(args.slice(-3)).toEqual(["hearth.driver.Main", "node", "7"]);
  }
});

test("a command line does not contain the token of its driver", () => {
  const plan = planOf({ "spark.proxy.user": "alice" });
  const command = submitCommand(parts(), operator, { request, plan, propertiesFile: "/run/d/p" });
  expect(command.args).toEqual([
    ...["--properties-file", "/run/d/p", "--master", "yarn", "--deploy-mode", "cluster"],
    ...["--class", "hearth.driver.Main", "--proxy-user", "alice", "/d.jar", "node", "7"],
  ]);
  expect(javaCommand(parts(), operator, request).args.join(" ")).not.toContain("secret");
  expect(command.env).toMatchObject({ HEARTH_DRIVER_TOKEN: "secret", A: "1" });
});

test("a driver in a cluster gets its environment and token through Spark, its executors the classes of the API", () => {
  const plan = planOf({ "spark.jars": "/mine.jar" });
  expect(submitProperties(parts(), operator, { plan, request })).toMatchObject({
    "spark.jars": "/l.jar,/mine.jar",
    "spark.yarn.appMasterEnv.A": "1",
    "spark.yarn.appMasterEnv.HEARTH_DRIVER_TOKEN": "secret",
    "spark.kubernetes.driverEnv.HEARTH_DRIVER_TOKEN": "secret",
  });
  const client = submitProperties(parts(), { ...operator, deployMode: "client" }, { plan, request });
  expect(Object.keys(client).join(" ")).not.toContain("TOKEN");
  expect(applicationConf(parts(), plan)).not.toHaveProperty("spark.jars");
  expect(applicationConf(parts(), planOf({}, { master: "local[2]" }))).not.toHaveProperty("spark.jars");
});

test("executors of Spark's own clusters fetch the classes of the API from a driver by plain java", () => {
  const plan = { conf: {}, master: "spark://m:7077", needsSubmit: false };
  expect(applicationConf(parts(), plan)).toEqual({ "spark.jars": "/d.jar,/l.jar" });
});

test("classPath() begins with the folders that configure Spark and Hadoop, where they have files", async () => {
  const hadoop = join(home, "hadoop");
  await mkdir(hadoop, { recursive: true });
  const jars = ["/d.jar", "/l.jar", join(home, "jars", "*")];
  expect(classPath(parts(), { HADOOP_CONF_DIR: hadoop })).toEqual(jars);
  await writeFile(join(hadoop, "core-site.xml"), "<configuration/>");
  expect(classPath(parts(), { HADOOP_CONF_DIR: hadoop })).toEqual([hadoop, ...jars]);
});

test("printProperties() escapes special characters of Java properties", () => {
  expect(printProperties({ "a b": "c=d:e#f!\\", lines: "1\n2", umlaut: "ä😀" })).toBe(
    "a\\u0020b=c\\=d\\:e\\#f\\!\\\\\nlines=1\\u000a2\numlaut=\\u00e4\\ud83d\\ude00\n",
  );
});

test("parseSparkDefaults() reads the formats that spark-submit reads", async () => {
  const text = "# comment\nspark.a 1\nspark.b=2\n  spark.c : three words \nother 4\nspark.d\n";
  expect(parseSparkDefaults(text)).toEqual({ "spark.a": "1", "spark.b": "2", "spark.c": "three words" });
  expect(await readSparkDefaults({ home }, {})).toEqual({});
  await writeFile(join(home, "conf", "spark-defaults.conf"), text);
  expect(await readSparkDefaults({ home }, {})).toMatchObject({ "spark.a": "1" });
});

test("readSparkDefaults() rejects with the path of an unreadable file", async () => {
  const folder = join(home, "unreadable");
  await mkdir(join(folder, "spark-defaults.conf"), { recursive: true });
  await expect(readSparkDefaults({ home }, { SPARK_CONF_DIR: folder })).rejects.toMatchObject({
    name: "ToolchainError",
    message: expect.stringContaining(`Cannot read the settings of Spark in ${folder}/spark-defaults.conf`),
  });
});
