import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exampleJar } from "../../examples/spark/build.ts";
import { Job_State } from "../../proto/mod.ts";
import { createRest, type Rest } from "../http/rest.ts";
import { describeSpark } from "../spark/spark.ts";
import { type Hearth, startHearth } from "../system/hearth.ts";
import { until } from "../until.ts";
import { startYarnCluster, type YarnCluster } from "./cluster.ts";
import { driverInCluster, driverOfNode } from "./driver_processes.ts";

const WORDS = { entryPoint: "spark.jobserver.WordCountExample", config: { input: { string: "a b c a b see" } } };
const TEXT = { megabytes: 1, partitions: 2 };

/** An application starts in two containers, one after the other. */
const SLOW = { deadlineMs: 180_000 };

describeSpark("Spark contexts on YARN", (toolchain) => {
  let yarn: YarnCluster;
  let jar: Uint8Array<ArrayBuffer>;

  beforeAll(async () => {
    yarn = await startYarnCluster(toolchain());
    const { compiler, libraries } = toolchain();
    jar = await readFile(await exampleJar(compiler, { libraries }));
  });
  afterAll(() => yarn[Symbol.asyncDispose]());

  function sparkSection(deployMode: string) {
    const { spark, java } = toolchain().compiler;
    return {
      ...{ enabled: true, home: spark.home, java: java.home, master: "yarn", deployMode, spares: 0 },
      folders: [yarn.configurationFolder],
      env: { HADOOP_CONF_DIR: yarn.configurationFolder, SPARK_LOCAL_IP: "127.0.0.1" },
      conf: {
        "spark.yarn.jars": `local:${spark.home}/jars/*`,
        "spark.yarn.stagingDir": yarn.stagingFolder,
        "spark.yarn.appMasterEnv.SPARK_LOCAL_IP": "127.0.0.1",
        "spark.executorEnv.SPARK_LOCAL_IP": "127.0.0.1",
        "spark.executor.instances": "1",
        "spark.executor.memory": "512m",
        "spark.ui.enabled": "false",
      },
    };
  }

  async function stateOf(applicationId: string): Promise<string | undefined> {
    return (await yarn.listApplications()).find(({ id }) => id === applicationId)?.state;
  }

  async function untilEnded(applicationId: string): Promise<void> {
    await until(
      `application ${applicationId} has ended`,
      async () => /^(FINISHED|KILLED|FAILED)$/.test((await stateOf(applicationId)) ?? ""),
      SLOW,
    );
  }

  describe.each(["client", "cluster"])("in %s mode", (deployMode) => {
    let hearth: Hearth;
    let rest: Rest;

    beforeAll(async () => {
      hearth = await startHearth({ config: { node: { spark: sparkSection(deployMode) } } });
      rest = createRest(hearth.url);
      await rest.upload("examples", jar);
      await rest.createContext("yarn", { runtime: "SPARK" });
    });
    afterAll(() => hearth[Symbol.asyncDispose]());

    async function context() {
      const { body } = await rest.call("GET", "/v1/contexts/yarn");
      return body as { state: string; applicationId: string };
    }

    async function run(spec: object) {
      return await rest.run({ binary: "examples", context: "yarn", ...spec });
    }

    test("a context is an application of the resource manager", async () => {
      const { state, applicationId } = await context();
      expect(state).toBe("RUNNING");
      expect(applicationId).toMatch(/^application_\d+_\d+$/);
      expect(await stateOf(applicationId)).toBe("RUNNING");
    });

    test("a job counts words on an executor", async () => {
      expect((await run(WORDS)).result).toEqual({ a: 2, b: 2, c: 1, see: 1 });
    });

    test("a second job reads the RDD that the first has named", async () => {
      await run({ entryPoint: "hearth.examples.TextWordCount", config: TEXT });
      const { result } = await run({ entryPoint: "hearth.examples.TextLines", config: TEXT });
      expect(result).toMatchObject({ lines: 12_500 });
      const { body } = await rest.call("GET", "/v1/contexts/yarn/objects");
      expect(body).toMatchObject({ objects: [{ name: "text:1:2", kind: "RDD", partitions: 2, cachedPartitions: 2 }] });
    });

    test("a job that is cancelled stops, and the context goes on", async () => {
      const config = { stress: { test: { longpijob: { duration: 600 } } } };
      const spec = { binary: "examples", context: "yarn", entryPoint: "spark.jobserver.LongPiJob", config };
      const { id } = await rest.submit(spec);
      await until("it runs", async () => (await rest.job(id)).state === Job_State.RUNNING);
      await rest.call("POST", `/v1/jobs/${id}:cancel`, {});
      await until("it is cancelled", async () => (await rest.job(id)).state === Job_State.CANCELLED);
      expect((await run(WORDS)).result).toMatchObject({ a: 2 });
    });

    test("a driver that is killed is replaced by another application", async () => {
      const { applicationId } = await context();
      const inCluster = deployMode === "cluster";
      const driver = inCluster ? driverInCluster(applicationId) : await driverOfNode(hearth.nodes[0]?.pid ?? 0);
      process.kill(driver, "SIGKILL");
      await untilEnded(applicationId);
      await until(
        "the context has another application",
        async () => {
          const now = await context();
          return now.state === "RUNNING" && now.applicationId !== applicationId;
        },
        SLOW,
      );
      expect((await run(WORDS)).result).toMatchObject({ a: 2 });
    });

    test("the application of a node that is killed ends", async () => {
      const { applicationId } = await context();
      const [node] = hearth.nodes;
      process.kill(node?.pid ?? 0, "SIGKILL");
      await untilEnded(applicationId);
    });
  });
});
