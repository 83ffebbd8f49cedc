import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Job_State, JobService, Stage_State } from "../../proto/mod.ts";
import type { Rest } from "../../test/http/rest.ts";
import { readJobEvents } from "../../test/nats/stored_events.ts";
import { type SparkSystem, startSparkSystem } from "../../test/spark/system.ts";

let system: SparkSystem;
let rest: Rest;
let url: string;

beforeAll(async () => {
  system = await startSparkSystem();
  ({
    rest,
    urls: [url],
  } = system);
  await Promise.all([system.addJar("jobs", "jar of jobs"), system.addJar("words", "jar of words")]);
  await rest.upload("script", "export const job = () => 1;");
});

afterAll(() => system[Symbol.asyncDispose]());

const run = (spec: object) => rest.run({ binary: "jobs", context: "spark", ...spec });

async function refusalOf(spec: object): Promise<string> {
  const { status, body } = await rest.call("POST", "/v1/jobs", { context: "spark", ...spec });
  expect(status).toBe(400);
  return (body as { message: string }).message;
}

test("a job gets the jars of its class path before its own, by digest", async () => {
  const words = (await rest.call("GET", "/v1/binaries/words")).body as { digest: string };
  const { job, result } = await run({ entryPoint: "bundle", classPath: ["words@1"] });
  expect(result).toBe("jar of words\njar of jobs");
  expect(job.classPath).toEqual([`words@${words.digest}`]);
});

test("TypeScript programs accept no class path and belong on none", async () => {
  expect(await refusalOf({ binary: "script", context: "deno", classPath: ["words"] })).toContain(
    'Cannot run binary "script" with a class path: it is TypeScript; leave out class_path',
  );
  expect(await refusalOf({ binary: "jobs", entryPoint: "bundle", classPath: ["words", "script"] })).toContain(
    'Cannot put binary "script" on the class path: it is TypeScript; name binaries that are jars',
  );
});

test("a jar on the class path of an open job cannot be deleted", async () => {
  await system.addJar("used", "jar that is used");
  const { id } = await rest.submit({ binary: "jobs", entryPoint: "stubborn", context: "spark", classPath: ["used"] });
  for (const path of ["used", "used@1"]) {
    const { status, body } = await rest.call("DELETE", `/v1/binaries/${path}`);
    expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining(id)]);
  }
  await rest.call("POST", `/v1/jobs/${id}:cancel`, {});
  expect((await rest.call("DELETE", "/v1/binaries/used")).status).toBe(200);
});

test("the stages of a job are emitted, listed and kept after its end, but not in lists of jobs", async () => {
  const { job } = await run({ entryPoint: "stages", config: { stages: 3, length: 10 } });
  expect(job.progress?.stages).toHaveLength(3);
  const { body } = await rest.call("GET", `/v1/jobs/${job.id}/stages`);
  expect(body).toMatchObject({
    stages: [
      { name: "xxxxxxxxxx", state: "COMPLETE", tasks: 8, completedTasks: 8, inputBytes: "4398046511104" },
      { id: 1 },
      { id: 2, submitTime: "1970-01-01T00:00:00Z" },
    ],
  });
  const { body: list } = await rest.call("GET", "/v1/jobs?pageSize=1");
  expect(list).toMatchObject({ jobs: [{ id: job.id, progress: { fraction: 1, message: "done" } }] });
  expect(JSON.stringify(list)).not.toContain("COMPLETE");

  const client = createClient(JobService, createGrpcTransport({ baseUrl: url }));
  const events = await Array.fromAsync(client.watchJob({ jobId: job.id }));
  expect(events.at(-1)?.lastProgress?.stages.map(({ id, state }) => [id, state])).toEqual(
    [0, 1, 2].map((id) => [id, Stage_State.COMPLETE]),
  );
});

test("the newest stages are kept with truncated texts, and their event fits NATS", async () => {
  const { job } = await run({ entryPoint: "stages", config: { stages: 1000, length: 10_000 } });
  const { stages = [] } = job.progress ?? {};
  expect(stages.map(({ id }) => id)).toEqual(Array.from({ length: 200 }, (_, n) => 800 + n));
  expect(stages.map(({ name, failure }) => [name.length, failure.length])).toEqual(Array(200).fill([200, 500]));
  const [last] = (await readJobEvents(system.natsUrl, job.id)).slice(-1);
  expect(last?.json).toMatchObject({ lastProgress: { stages: { length: 200 } } });
  expect(last?.json).not.toHaveProperty("omitted");
});

test("listJobStages is empty for other runtimes, and not_found for unknown jobs", async () => {
  const { job } = await rest.run({ binary: "script", context: "deno", entryPoint: "job" });
  expect((await rest.call("GET", `/v1/jobs/${job.id}/stages`)).body).toEqual({});
  expect((await rest.call("GET", `/v1/jobs/${crypto.randomUUID()}/stages`)).status).toBe(404);
});

test("a Spark context shows its application and Spark's own objects", async () => {
  const { body: context } = await rest.call("GET", "/v1/contexts/spark");
  expect(context).toMatchObject({
    ...{ name: "spark", state: "RUNNING", settings: { runtime: "SPARK" } },
    ...{ applicationId: "local-1700000000000", uiUrl: "http://127.0.0.1:4040" },
  });
  await run({ entryPoint: "keepFrame", config: { name: "users" } });
  expect((await rest.call("GET", "/v1/contexts/spark/objects")).body).toEqual({
    objects: [
      {
        ...{ name: "users", kind: "DATA_FRAME", storageLevel: "Memory Deserialized 1x Replicated" },
        ...{ partitions: 4, cachedPartitions: 3, memoryBytes: "1099511627776", diskBytes: "12" },
        ...{ sizeBytes: "1099511627788", createTime: "1970-01-01T00:00:00Z" },
      },
    ],
  });
  expect((await rest.call("DELETE", "/v1/contexts/spark/objects/users")).status).toBe(200);
  expect((await rest.call("GET", "/v1/contexts/spark/objects")).body).toEqual({});
  expect((await rest.call("GET", "/v1/contexts/deno")).body).not.toHaveProperty("applicationId");
});

test("classPath in spark-jobserver's API is the entry point of a job, and empty for a query", async () => {
  const { id } = await rest.submit({ context: "spark", sql: { statement: "NOTHING" } });
  await rest.untilState(id, Job_State.SUCCEEDED);
  expect((await rest.call("GET", `/jobs/${id}`)).body).toMatchObject({ classPath: "", context: "spark" });
  expect((await rest.call("GET", "/jobs?limit=1")).body).toMatchObject([{ jobId: id, classPath: "" }]);
});
