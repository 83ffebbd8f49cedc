import { afterAll, beforeAll, expect, test } from "vitest";
import { Job_State } from "../../../proto/mod.ts";
import { describeSpark } from "../../spark/spark.ts";
import { examples, PATIENCE_MS, type SparkHearth, startSparkHearth, testJobs } from "./system.ts";

const CONTEXT = "three";

describeSpark(
  "a context of Spark 3.5 with Scala 2.12, with an executor of its own",
  (toolchain) => {
    let spark: SparkHearth;

    beforeAll(async () => {
      const [example, tests] = [await examples(toolchain()), await testJobs(toolchain())];
      spark = await startSparkHearth(toolchain(), {
        section: { master: "local-cluster[1,1,600]", spares: 0, conf: { "spark.executor.memory": "600m" } },
      });
      await spark.uploadJar("examples", example);
      await spark.uploadJar("tests", tests);
      await spark.createContext(CONTEXT);
    }, PATIENCE_MS);

    afterAll(() => spark?.[Symbol.asyncDispose]());

    const ofExamples = (entryPoint: string, config: object = {}) => ({
      ...{ binary: "examples", entryPoint, context: CONTEXT, config },
    });
    const ofTests = (main: string, config: object = {}) => ({
      ...{ binary: "tests", entryPoint: `hearth.e2e.${main}`, context: CONTEXT, config },
    });

    test.each([
      ["counts words", "spark.jobserver.WordCountExample", { input: { string: "a b a" } }, { a: 2, b: 1 }],
      ["returns instances of classes of the jar", "spark.jobserver.ZookeeperJob", {}, [["horse"]]],
      [
        "returns the rows of a Dataset",
        "hearth.examples.Squares",
        { rows: 2 },
        [
          { id: 0, square: 0, name: "number 0" },
          { id: 1, square: 1, name: "number 1" },
        ],
      ],
    ])("%s", { timeout: PATIENCE_MS }, async (_, entryPoint, config, result) => {
      expect(await spark.resultOf(ofExamples(entryPoint, config))).toEqual(result);
    });

    test("shares a named RDD of classes of the jar", { timeout: PATIENCE_MS }, async () => {
      expect(await spark.resultOf(ofTests("KeepReadings"))).toBe(1000);
      expect(await spark.resultOf(ofTests("SumReadings"))).toEqual({ s0: 125_250, s1: 125_000 });
      expect((await spark.rest.call("GET", `/v1/contexts/${CONTEXT}/objects`)).body).toMatchObject({
        objects: [{ name: "readings", kind: "RDD", partitions: 2, cachedPartitions: 2 }],
      });
    });

    test("ends a job that is killed, and lives", { timeout: PATIENCE_MS }, async () => {
      const { id } = await spark.rest.submit(ofTests("SlowTasks", { tasks: 1000, millis: 200 }));
      await spark.untilTasksRun(id);
      await spark.rest.call("POST", `/v1/jobs/${id}:cancel`, {});
      await spark.untilState(id, Job_State.CANCELLED);
      expect(await spark.resultOf(ofTests("SlowTasks", { tasks: 2, millis: 1 }))).toBe(2);
      expect((await spark.context(CONTEXT)).restarts ?? 0).toBe(0);
    });

    test("answers SQL with parameters", { timeout: PATIENCE_MS }, async () => {
      const response = await fetch(`${spark.hearth.url}/v1/contexts/${CONTEXT}:sql`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ statement: "SELECT id * :factor AS n FROM range(2)", parameters: { factor: 3 } }),
      });
      const [schema, ...rows] = (await response.text())
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(schema).toMatchObject({ schema: { type: "struct" } });
      expect(rows.map(({ n }) => n && Number(n))).toEqual([0, 3, undefined]);
      expect(rows.at(-1)).toEqual({ truncated: false, rows: 2 });
    });
  },
  { version: "3.5" },
);
