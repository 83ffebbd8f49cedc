import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { COMPILING_MS, describeSpark } from "../../test/spark/spark.ts";
import { dependencyJar, exampleJar } from "./build.ts";

/** The jobs that clients of spark-jobserver expect, and those of Hearth. */
const JOBS = [
  "WordCountExample WordCountExampleNewApi LongPiJob VeryShortDoubleJob NoOpJob SleepJob MyErrorJob MyFatalErrorJob",
  "ConfigCheckerJob CacheSomethingJob AccessCacheJob CacheRddByNameJob ZookeeperJob SimpleObjectJob",
  "jobJarDependenciesJob RemoteDataFileJob JavaHelloWorldJob StreamingTestJob",
]
  .flatMap((names) => names.split(" "))
  .map((name) => `spark/jobserver/${name}.class`)
  .concat(["Squares", "NamedSquares", "TextWordCount", "TextLines"].map((name) => `hearth/examples/${name}.class`));

describeSpark("the example jobs", (spark) => {
  test(
    "exampleJar() contains every job that clients expect, and not the dependency of one",
    async () => {
      const { compiler, libraries } = spark();
      const jar = await readFile(await exampleJar(compiler, { libraries }), "latin1");
      expect(JOBS.filter((name) => !jar.includes(name))).toEqual([]);
      expect(jar).not.toContain("EmptyClass.class");
    },
    COMPILING_MS,
  );

  test(
    "dependencyJar() contains the class that one job depends on",
    async () => {
      expect(await readFile(await dependencyJar(spark().compiler), "latin1")).toContain("EmptyClass.class");
    },
    COMPILING_MS,
  );
});
