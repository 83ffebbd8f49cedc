import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SparkCluster, startSparkCluster } from "../../../examples/spark/cluster.ts";
import { Job_State, JobError_Reason, JobService, Stage_State } from "../../../proto/mod.ts";
import { readJobEvents } from "../../nats/stored_events.ts";
import { describeSpark } from "../../spark/spark.ts";
import { isAlive } from "../../system/npm_start.ts";
import { until } from "../../until.ts";
import { driverOfNode } from "../../yarn/driver_processes.ts";
import { PATIENCE_MS, type SparkHearth, startSparkHearth, testJobs, versionedJob } from "./system.ts";

const CONTEXT = "cluster";
const SETTINGS = { "num-cpu-cores": 1, "memory-per-node": "512m" };

describeSpark("a Spark context on a standalone cluster", (toolchain) => {
  let cluster: SparkCluster;
  let spark: SparkHearth;

  beforeAll(async () => {
    const jar = await testJobs(toolchain());
    cluster = await startSparkCluster(toolchain().compiler);
    spark = await startSparkHearth(toolchain(), { section: { master: cluster.url, spares: 0 } });
    await spark.uploadJar("jobs", jar);
    await spark.createContext(CONTEXT, { settings: SETTINGS });
  }, PATIENCE_MS);

  afterAll(async () => {
    await spark?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  const job = (main: string, config: object = {}) => ({
    ...{ binary: "jobs", entryPoint: `hearth.e2e.${main}`, context: CONTEXT, config },
  });

  const slowTasks = (tasks: number, millis: number) => spark.rest.submit(job("SlowTasks", { tasks, millis }));

  async function restarts(): Promise<number> {
    return (await spark.context(CONTEXT)).restarts ?? 0;
  }

  /** Applications that the master knows to run, with their cores. */
  async function applications(): Promise<{ id: string; cores: number }[]> {
    const response = await fetch(`${cluster.webUrl}/json/`);
    const { activeapps } = (await response.json()) as { activeapps: { id: string; cores: number }[] };
    return activeapps.map(({ id, cores }) => ({ id, cores }));
  }

  function nodePid(): number {
    return spark.hearth.nodes.at(-1)?.pid ?? 0;
  }

  test("returns instances of classes of the jar", { timeout: PATIENCE_MS }, async () => {
    expect(await spark.resultOf(job("ListReadings"))).toEqual({
      first: ["s1", 0.5],
      all: [
        ["s1", 0.5],
        ["s0", 1],
        ["s1", 1.5],
      ],
    });
  });

  test.each([
    ["driver", { name: "hearth.e2e.BrokenSensor", message: "sensor s7 is broken" }],
    ["executor", { message: expect.stringContaining("hearth.e2e.BrokenSensor: sensor s") }],
  ])(
    "fails with an exception class that only the jar has, thrown in the %s",
    { timeout: PATIENCE_MS },
    async (where, error) => {
      const { job: failed } = await spark.rest.run(job("FailBySensor", { where }));
      expect(failed).toMatchObject({
        state: Job_State.FAILED,
        error: { reason: JobError_Reason.THROWN, ...error, stack: expect.stringContaining("SensorJobs.scala:") },
      });
    },
  );

  test("shares a named RDD of classes of the jar, listed with its size and dropped", {
    timeout: PATIENCE_MS,
  }, async () => {
    const objects = `/v1/contexts/${CONTEXT}/objects`;
    expect(await spark.resultOf(job("KeepReadings"))).toBe(1000);
    expect(await spark.resultOf(job("SumReadings"))).toEqual({ s0: 125_250, s1: 125_000 });
    expect((await spark.rest.call("GET", objects)).body).toMatchObject({
      objects: [
        {
          ...{ name: "readings", kind: "RDD", partitions: 2, cachedPartitions: 2 },
          ...{ memoryBytes: expect.stringMatching(/^[1-9]\d+$/), storageLevel: expect.stringContaining("Disk") },
        },
      ],
    });
    expect((await spark.rest.call("DELETE", `${objects}/readings`)).status).toBe(200);
    expect((await spark.rest.call("GET", objects)).body).toEqual({});
    expect(await spark.resultOf(job("SumReadings"))).toBe("nothing is kept");
  });

  test("shows stages while a job runs, after its end, and on NATS", { timeout: PATIENCE_MS }, async () => {
    const { id } = await slowTasks(8, 100);
    const client = createClient(JobService, createGrpcTransport({ baseUrl: spark.hearth.url }));
    const events = await Array.fromAsync(client.watchJob({ jobId: id }));
    const fractions = events.flatMap(({ event }) => (event.case === "progress" ? [event.value.fraction] : []));
    expect(fractions.length).toBeGreaterThan(1);
    expect(fractions).toEqual(fractions.toSorted((one, other) => one - other));
    const seen = events.flatMap(({ event }) => (event.case === "progress" ? event.value.stages : []));
    expect(seen.map(({ state }) => state)).toContain(Stage_State.ACTIVE);
    await spark.untilState(id, Job_State.SUCCEEDED);

    const { body } = await spark.rest.call("GET", `/v1/jobs/${id}/stages`);
    const { stages } = body as unknown as { stages: Record<string, unknown>[] };
    expect(stages).toMatchObject([
      { state: "COMPLETE", tasks: 8, completedTasks: 8, shuffleWriteBytes: expect.any(String) },
      { state: "COMPLETE", tasks: 2, completedTasks: 2, shuffleReadBytes: expect.any(String) },
    ]);
    expect(Number(stages[0]?.["executorTimeMs"])).toBeGreaterThanOrEqual(800);
    const onNats = await readJobEvents(spark.hearth.natsUrl, id);
    expect(onNats.map(({ type }) => type)).toEqual(expect.arrayContaining(["running", "progress", "succeeded"]));
    const lastStages = onNats.flatMap(({ json }) => json.progress?.stages ?? json.lastProgress?.stages ?? []);
    expect(lastStages.at(-1)).toMatchObject({ state: "COMPLETE", completedTasks: 2 });
  });

  describe("answers SQL", () => {
    async function sql(query: object): Promise<{ status: number; lines: unknown[] }> {
      const response = await fetch(`${spark.hearth.url}/v1/contexts/${CONTEXT}:sql`, {
        ...{ method: "POST", body: JSON.stringify(query), headers: { "content-type": "application/json" } },
      });
      const text = await response.text();
      return {
        status: response.status,
        lines: text
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line)),
      };
    }
    const statement = "SELECT id, concat(:name, id) AS name FROM range(1000) WHERE id >= :from";

    test("as lines, with parameters that Spark binds", { timeout: PATIENCE_MS }, async () => {
      const { status, lines } = await sql({ statement, parameters: { from: 998, name: "'; DROP --" } });
      expect(status).toBe(200);
      expect(lines).toEqual([
        { schema: expect.objectContaining({ type: "struct" }) },
        { id: 998, name: "'; DROP --998" },
        { id: 999, name: "'; DROP --999" },
        { truncated: false, rows: 2 },
      ]);
    });

    test("up to a limit of rows, and says so", { timeout: PATIENCE_MS }, async () => {
      const { lines } = await sql({ statement, parameters: { from: 0, name: "n" }, maxRows: 5 });
      expect(lines).toHaveLength(7);
      expect(lines.at(-1)).toEqual({ truncated: true, reason: "rows", rows: 5 });
    });

    test("up to a limit of bytes, and says so", { timeout: PATIENCE_MS }, async () => {
      const { lines } = await sql({ statement, parameters: { from: 0, name: "n" }, maxBytes: 2000 });
      expect(lines.at(-1)).toEqual({ truncated: true, reason: "bytes", rows: lines.length - 2 });
      expect(lines.length).toBeLessThan(100);
    });

    test("with 400 and Spark's words where it cannot analyse it", { timeout: PATIENCE_MS }, async () => {
      const { status, lines } = await sql({ statement: "SELECT nothing FROM range(1)" });
      expect({ status, lines }).toMatchObject({
        ...{ status: 400, lines: [{ message: expect.stringContaining("UNRESOLVED_COLUMN") }] },
      });
    });
  });

  test("ends a job that is killed: its slot is free, and no other notices", { timeout: PATIENCE_MS }, async () => {
    const before = await restarts();
    const { id } = await slowTasks(1000, 200);
    await spark.untilTasksRun(id);
    const { body } = await spark.rest.call("POST", `/v1/jobs/${id}:cancel`, {});
    expect(body).toMatchObject({ id });
    expect(await spark.untilState(id, Job_State.CANCELLED)).toMatchObject({
      error: { reason: JobError_Reason.CANCELLED },
    });
    expect(await spark.resultOf(job("SlowTasks", { tasks: 2, millis: 1 }))).toBe(2);
    const { body: context } = await spark.rest.call("GET", `/v1/contexts/${CONTEXT}`);
    expect((context as { load?: { running?: number } }).load?.running ?? 0).toBe(0);
    expect(await restarts()).toBe(before);
  });

  test("is restarted for a job that ignores its kill, and says so", { timeout: PATIENCE_MS }, async () => {
    const before = await restarts();
    const { id } = await spark.rest.submit({ ...job(""), entryPoint: "hearth.test.StubbornJob", gracePeriod: "0.2s" });
    await spark.untilState(id, Job_State.RUNNING);
    await spark.rest.call("POST", `/v1/jobs/${id}:cancel`, {});
    expect(await spark.untilState(id, Job_State.CANCELLED)).toMatchObject({
      error: { reason: JobError_Reason.CANCELLED_BY_FORCE },
    });
    const { restartReason } = await spark.untilRestarted(CONTEXT, before + 1);
    expect(restartReason).toContain("ignored its cancellation");
    expect(await spark.resultOf(job("ListReadings"))).toMatchObject({ first: ["s1", 0.5] });
  });

  test("is restarted when its driver is killed", { timeout: PATIENCE_MS }, async () => {
    const before = await restarts();
    const { id } = await slowTasks(1000, 200);
    await spark.untilTasksRun(id);
    process.kill(await driverOfNode(nodePid()), "SIGKILL");
    expect(await spark.untilState(id, Job_State.FAILED)).toMatchObject({
      error: { reason: JobError_Reason.CONTEXT_LOST, message: expect.stringContaining("SIGKILL") },
    });
    const { restartReason } = await spark.untilRestarted(CONTEXT, before + 1);
    expect(restartReason).toContain("SIGKILL");
    expect(await spark.resultOf(job("ListReadings"))).toMatchObject({ first: ["s1", 0.5] });
  });

  test("outlives a worker that is killed during a job", { timeout: PATIENCE_MS }, async () => {
    const before = await restarts();
    const { id } = await slowTasks(4, 500);
    await spark.untilTasksRun(id);
    await cluster.worker.kill();
    await cluster.worker.start();
    await spark.untilState(id, Job_State.SUCCEEDED);
    expect((await spark.rest.call("GET", `/v1/jobs/${id}/result`)).body).toBe(4);
    expect(await spark.resultOf(job("SlowTasks", { tasks: 2, millis: 1 }))).toBe(2);
    expect(await restarts()).toBe(before);
  });

  test("is restarted, with the cluster's reason, when its master comes back and has forgotten it", {
    timeout: PATIENCE_MS,
  }, async () => {
    const before = await restarts();
    await cluster.master.kill();
    await cluster.master.start();
    await until(
      "a worker is registered again",
      async () => {
        const { aliveworkers } = (await (await fetch(`${cluster.webUrl}/json/`)).json()) as { aliveworkers: number };
        return aliveworkers === 1;
      },
      { deadlineMs: PATIENCE_MS },
    );
    expect(await spark.resultOf({ ...job("SlowTasks", { tasks: 2, millis: 1 }), maxAttempts: 5 })).toBe(2);
    const { restarts: after = 0, restartReason } = await spark.context(CONTEXT);
    expect(after).toBeGreaterThan(before);
    expect(restartReason).toContain("master");
  });

  test("gets more cores by a restart", { timeout: PATIENCE_MS }, async () => {
    const { applicationId = "" } = await spark.context(CONTEXT);
    expect(await applications()).toEqual([{ id: applicationId, cores: 1 }]);
    const settings = { runtime: "SPARK", settings: { ...SETTINGS, "num-cpu-cores": 2 } };
    const { body } = await spark.rest.call("POST", `/v1/contexts/${CONTEXT}:restart`, { settings });
    const { applicationId: next } = body as { applicationId?: string };
    expect(next).not.toBe(applicationId);
    await until("the master has its cores", async () => {
      const [application, ...others] = await applications();
      return others.length === 0 && application?.id === next && application?.cores === 2;
    });
    expect(await spark.resultOf(job("SlowTasks", { tasks: 2, millis: 1 }))).toBe(2);
  });

  test("never runs old code for the second version of a jar", { timeout: PATIENCE_MS }, async () => {
    const before = await restarts();
    const versioned = { binary: "versioned", entryPoint: "hearth.test.Versioned", context: CONTEXT };
    await spark.uploadJar("versioned", await versionedJob(toolchain(), "one"));
    expect(await spark.resultOf(versioned)).toBe("one");
    await spark.uploadJar("versioned", await versionedJob(toolchain(), "two"));
    expect(await spark.resultOf(versioned)).toBe("two");
    expect(await spark.context(CONTEXT)).toMatchObject({
      ...{ restarts: before + 1, restartReason: expect.stringContaining("hearth.test.Versioned") },
    });
  });

  test("and a context of Deno refuse what is for the other", { timeout: PATIENCE_MS }, async () => {
    await spark.rest.upload("script", "export const run = () => 1;");
    await spark.rest.createContext("deno", { runtime: "DENO" });
    for (const [spec, message] of [
      [{ binary: "script", context: CONTEXT }, /TypeScript.*DENO|DENO/],
      [{ ...job("ListReadings"), context: "deno" }, /SPARK|Spark/],
    ] as const) {
      const { status, body } = await spark.rest.call("POST", "/v1/jobs", spec);
      expect({ status, body }).toMatchObject({ status: 400, body: { message: expect.stringMatching(message) } });
    }
  });

  test("ends with its node, and is placed again", { timeout: PATIENCE_MS }, async () => {
    const lost = await spark.context(CONTEXT);
    const { id } = await slowTasks(1000, 200);
    await spark.untilTasksRun(id);
    const driver = await driverOfNode(nodePid());
    process.kill(nodePid(), "SIGKILL");
    await until("the driver is gone", () => !isAlive(driver), { deadlineMs: 5_000 });
    await until("the master has no application", async () => (await applications()).length === 0);
    await spark.untilState(id, Job_State.FAILED);
    expect((await spark.rest.job(id)).error?.reason).toBe(JobError_Reason.NODE_LOST);
    await spark.hearth.addNode();
    const { id: placedId, nodeId } = await spark.untilRestarted(CONTEXT, (lost.restarts ?? 0) + 1);
    expect(placedId).toBe(lost.id);
    expect(nodeId).not.toBe(lost.nodeId);
    expect(await spark.resultOf(job("ListReadings"))).toMatchObject({ first: ["s1", 0.5] });
  });
});
