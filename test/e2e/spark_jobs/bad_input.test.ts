import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ZipEntry, zip } from "../../../gateway/bundler/testing/uploads.ts";
import { Job_State, JobError_Reason } from "../../../proto/mod.ts";
import { createRest } from "../../http/rest.ts";
import { describeSpark } from "../../spark/spark.ts";
import { startHearth } from "../../system/hearth.ts";
import { PATIENCE_MS, type SparkHearth, startSparkHearth, testJobs } from "./system.ts";

describeSpark("with a node that has Spark", (toolchain) => {
  let spark: SparkHearth;

  beforeAll(async () => {
    const jar = await testJobs(toolchain());
    spark = await startSparkHearth(toolchain(), { section: { master: "local[2]" } });
    await spark.uploadJar("jobs", jar);
    await Promise.all([spark.createContext("bad"), spark.createContext("neighbour")]);
  }, PATIENCE_MS);

  afterAll(() => spark?.[Symbol.asyncDispose]());

  const job = (entryPoint: string, config: object = {}) => ({ binary: "jobs", entryPoint, context: "bad", config });

  async function isWell(context: string, restarts = 0): Promise<void> {
    expect(await spark.resultOf({ ...job("hearth.e2e.ListReadings"), context })).toMatchObject({ first: ["s1", 0.5] });
    expect((await spark.context(context)).restarts ?? 0).toBe(restarts);
  }

  test.each<[string, Uint8Array, RegExp]>([
    ["is no zip", Buffer.from("PK\u0003\u0004 and nothing else of a zip"), /damaged/],
    ["is cut off", Buffer.from(zip([{ name: "a.class", content: "x".repeat(1000) }])).subarray(0, 90), /damaged/],
    ["unpacks to hundreds of times its size", bomb(), /unpack/i],
  ])("refuses an upload that %s", async (_, bytes, message) => {
    const headers = { "content-type": "application/java-archive" };
    const url = `${spark.hearth.url}/v1/binaries/upload`;
    const modern = await fetch(url, { method: "PUT", body: Buffer.from(bytes), headers });
    expect({ status: modern.status, body: await modern.json() }).toMatchObject({
      ...{ status: 400, body: { message: expect.stringMatching(message) } },
    });
    const old = await fetch(`${spark.hearth.url}/jars/upload`, { method: "POST", body: Buffer.from(bytes) });
    expect({ status: old.status, body: await old.json() }).toMatchObject({ status: 400, body: { status: "ERROR" } });
    expect((await spark.rest.call("GET", "/v1/binaries/upload")).status).toBe(404);
  });

  test.each<[string, string, object]>([
    ["is not in the jar", "hearth.e2e.Absent", { reason: "LOAD_FAILED", message: /hearth\.e2e\.Absent/ }],
    ["is no job", "hearth.e2e.NoJob", { reason: "LOAD_FAILED", message: /Invalid job type.*hearth\.e2e\.NoJob/s }],
    [
      "cannot be instantiated",
      "hearth.e2e.UnmakeableJob",
      { reason: "LOAD_FAILED", message: /constructor of hearth\.e2e\.UnmakeableJob.*cannot be made/ },
    ],
    [
      "returns a list that has itself in it",
      "hearth.e2e.CyclicJob",
      { reason: "THROWN", message: /nest|deep|cycl|itself/i },
    ],
    [
      "throws an exception whose message cannot be read",
      "hearth.e2e.UnreadableFailureJob",
      { reason: "THROWN", message: /getMessage threw java\.lang\.NoClassDefFoundError/ },
    ],
  ])("fails a job whose class %s, and goes on", { timeout: PATIENCE_MS }, async (_, main, error) => {
    const { job: failed } = await spark.rest.run(job(main));
    const { reason, message } = error as { reason: keyof typeof JobError_Reason; message: RegExp };
    expect(failed).toMatchObject({
      state: Job_State.FAILED,
      error: { reason: JobError_Reason[reason], message: expect.stringMatching(message) },
    });
    await isWell("bad");
  });

  test("cuts a flood of log lines, and says so", { timeout: PATIENCE_MS }, async () => {
    const { job: flooded, result } = await spark.rest.run(job("hearth.e2e.FloodJob", { lines: 100_000 }));
    expect(result).toBe("flooded");
    const logs = await (await fetch(`${spark.hearth.url}/v1/jobs/${flooded.id}/logs:watch`)).text();
    expect(logs).toMatch(/[1-9]\d* lines were dropped here|The log was cut here/);
    await isWell("bad");
  });

  test("outlives a job that leaves threads", { timeout: PATIENCE_MS }, async () => {
    expect(await spark.resultOf(job("hearth.e2e.LeaveThreadsJob"))).toBe("left");
    await isWell("bad");
  });

  test("lists and drops a named object that is broken", { timeout: PATIENCE_MS }, async () => {
    expect(await spark.resultOf(job("hearth.e2e.KeepMissingJob"))).toBe("kept");
    const objects = "/v1/contexts/bad/objects";
    expect((await spark.rest.call("GET", objects)).body).toMatchObject({ objects: [{ name: "missing" }] });
    expect((await spark.rest.call("DELETE", `${objects}/missing`)).status).toBe(200);
    expect((await spark.rest.call("GET", objects)).body).toEqual({});
  });

  test("gives a job the data file as it is now", { timeout: PATIENCE_MS }, async () => {
    for (const words of ["one", "two"]) {
      expect((await spark.rest.call("PUT", "/v1/data/words.txt", Buffer.from(words))).status).toBe(200);
      expect(await spark.resultOf(job("hearth.e2e.ReadWordsJob"))).toBe(words);
    }
  });

  test.each([
    ["ends the JVM", "ExitJob", "CONTEXT_LOST", /System\.exit/],
    ["stops the SparkContext", "StopJob", "CONTEXT_LOST", /stopped the SparkContext/],
    ["fills the heap", "HeapJob", "OUT_OF_MEMORY", /out of memory/],
  ] as const)(
    "restarts the context of a job that %s, and no other",
    { timeout: PATIENCE_MS },
    async (_, main, reason, message) => {
      const { restarts = 0 } = await spark.context("bad");
      const { job: failed } = await spark.rest.run(job(`hearth.test.${main}`));
      expect(failed).toMatchObject({
        ...{
          state: Job_State.FAILED,
          error: { reason: JobError_Reason[reason], message: expect.stringMatching(message) },
        },
      });
      await isWell("neighbour");
      expect(await spark.untilRestarted("bad", restarts + 1)).toMatchObject({
        ...{ restarts: restarts + 1, restartReason: expect.stringMatching(message) },
      });
      await isWell("bad", restarts + 1);
    },
  );

  test.each<[string, object, RegExp]>([
    ["too little memory for executors", { "memory-per-node": "100m" }, /[Ee]xecutor memory.*(at least|450)/],
    ["memory that is no size", { "memory-per-node": "much" }, /memory-per-node|spark\.executor\.memory|much/],
    ["cores that are no number", { "num-cpu-cores": "many" }, /num-cpu-cores|many/],
    ["no cores", { "num-cpu-cores": 0 }, /num-cpu-cores|cores/],
    ["a setting of Spark that is wrong", { "spark.serializer": "no.such.Serializer" }, /no\.such\.Serializer/],
  ])("refuses a context with %s", { timeout: PATIENCE_MS }, async (_, settings, message) => {
    const spec = { name: "wrong", settings: { runtime: "SPARK", settings } };
    const { status, body } = await spark.rest.call("POST", "/v1/contexts", spec);
    expect({ status, body }).toMatchObject({
      status: expect.toSatisfy((code) => code >= 400),
      body: { message: expect.stringMatching(message) },
    });
  });

  test("fails a context whose master cannot be reached, and names it", { timeout: PATIENCE_MS }, async () => {
    const section = { master: "spark://127.0.0.1:1", spares: 0, startTimeoutMs: 20_000 };
    await using away = await startSparkHearth(toolchain(), { section });
    const spec = { name: "away", settings: { runtime: "SPARK" } };
    const { status, body } = await away.rest.call("POST", "/v1/contexts", spec);
    expect({ status, body }).toMatchObject({
      ...{
        status: expect.toSatisfy((code) => code >= 400),
        body: { message: expect.stringContaining("spark://127.0.0.1:1") },
      },
    });
  });
});

describe("with a node that has no Spark", () => {
  test("a jar is stored, and a context for it refused with what is missing", async () => {
    const spark = { enabled: "auto", home: "/nowhere" };
    await using hearth = await startHearth({ config: { node: { spark } } });
    const rest = createRest(hearth.url);
    const { status, body } = await rest.call("POST", "/v1/contexts", { name: "c", settings: { runtime: "SPARK" } });
    expect({ status, body }).toMatchObject({
      status: expect.toSatisfy((code) => code >= 400),
      body: { message: expect.stringMatching(/Spark.*\/nowhere.*npm run spark:install/s) },
    });
    const { body: nodes } = await rest.call("GET", "/v1/nodes");
    expect(JSON.stringify(nodes)).toContain("/nowhere");
    await rest.upload("script", "export const run = () => 1;");
    expect((await rest.run({ binary: "script" })).result).toBe(1);
  });
});

/** One class of nothing but zeros: larger than what is always allowed, and a thousandth of that when it is packed. */
function bomb(): Uint8Array {
  const entry: ZipEntry = { name: "a/Zeros.class", content: new Uint8Array(80 * 1024 * 1024) };
  return zip([entry]);
}
