import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../../test/contract/temporary_directory.ts";
import { sparkCache } from "./cache.ts";
import { findSpark } from "./find_spark.ts";

/** A folder with the jar by which a Spark is recognized. */
async function createHome(home: string, core: string): Promise<string> {
  await mkdir(join(home, "jars"), { recursive: true });
  await writeFile(join(home, "jars", core), "");
  return home;
}

test("findSpark() prefers the configured home to SPARK_HOME, and that to the cache", async () => {
  await using folder = await createTemporaryDirectory();
  const configured = await createHome(join(folder.path, "a"), "spark-core_2.12-3.5.9.jar");
  const named = await createHome(join(folder.path, "b"), "spark-core_2.13-4.0.4.jar");
  const env = { XDG_CACHE_HOME: folder.path };
  await createHome(join(sparkCache(env), "4.3.0"), "spark-core_2.13-4.3.0.jar");
  const spark = await findSpark({ home: configured, env: { ...env, SPARK_HOME: named } });
  expect(spark).toEqual({
    home: configured,
    version: "3.5.9",
    major: 3,
    scalaVersion: "2.12",
    jars: join(configured, "jars"),
  });
  expect(await findSpark({ env: { ...env, SPARK_HOME: named } })).toMatchObject({ home: named, version: "4.0.4" });
  expect(await findSpark({ env: { ...env, SPARK_HOME: "" } })).toMatchObject({
    version: "4.3.0",
    scalaVersion: "2.13",
  });
});

test("findSpark() finds the newest in the cache, and ignores an incomplete installation", async () => {
  await using folder = await createTemporaryDirectory();
  const env = { XDG_CACHE_HOME: folder.path };
  for (const version of ["4.9.1", "4.10.0", "3.5.9"]) {
    await createHome(join(sparkCache(env), version), `spark-core_2.13-${version}.jar`);
  }
  await createHome(join(sparkCache(env), "4.11.0.1.part"), "spark-core_2.13-4.11.0.jar");
  expect(await findSpark({ env })).toMatchObject({ version: "4.10.0" });
});

test("findSpark() recognizes a Spark of a vendor", async () => {
  await using folder = await createTemporaryDirectory();
  const home = await createHome(folder.path, "spark-core_2.12-3.5.1-amzn-0.jar");
  expect(await findSpark({ home, env: {} })).toMatchObject({ version: "3.5.1-amzn-0", major: 3 });
});

test("findSpark() says what to do when there is none", async () => {
  await using folder = await createTemporaryDirectory();
  await expect(findSpark({ env: { XDG_CACHE_HOME: folder.path } })).rejects.toMatchObject({
    problem: "SPARK_MISSING",
    message: expect.stringMatching(/Cannot find Spark: .*npm run spark:install/),
  });
});

test("findSpark() rejects a home without jars, and searches no further", async () => {
  await using folder = await createTemporaryDirectory();
  await expect(findSpark({ env: { SPARK_HOME: folder.path } })).rejects.toMatchObject({
    problem: "SPARK_INCOMPLETE",
    message: expect.stringContaining(`SPARK_HOME "${folder.path}": it has no jars/spark-core_`),
  });
});

test.each([
  "spark-core_2.12-3.4.4.jar",
  "spark-core_2.11-2.4.8.jar",
  "spark-core_3-5.0.0.jar",
  "spark-core_2.13-5.0.0.jar",
])("findSpark() refuses %s", async (core) => {
  await using folder = await createTemporaryDirectory();
  const home = await createHome(folder.path, core);
  await expect(findSpark({ home, env: {} })).rejects.toThrow(/SPARK_HOME to the folder of a Spark 3.5 or 4/);
});

test("sparkCache() follows the XDG specification", () => {
  expect(sparkCache({ XDG_CACHE_HOME: "/c", HOME: "/h" })).toBe("/c/hearth/spark");
  expect(sparkCache({ XDG_CACHE_HOME: "relative", HOME: "/h" })).toBe("/h/.cache/hearth/spark");
  expect(sparkCache({ XDG_CACHE_HOME: "", HOME: "/h" })).toBe("/h/.cache/hearth/spark");
});
