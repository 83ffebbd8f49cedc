import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dependencyJar } from "../../../examples/spark/build.ts";
import { describeSpark } from "../../spark/spark.ts";
import { until } from "../../until.ts";
import { README_LINES } from "../spark/readme_lines.ts";
import { examples, PATIENCE_MS, type SparkHearth, startSparkHearth } from "./system.ts";

const run = promisify(execFile);

/** Further lines of the same, with the jar. */
const LINES = {
  ...README_LINES,
  cp: `curl -d 'cp = ["test"], mainClass = "spark.jobserver.WordCountExample", input.string = "a b c a b see"' 'localhost:8090/jobs?sync=true&context=test-context'`,
  kill: "curl -X DELETE localhost:8090/jobs/$JOB",
};

const COUNTS = { a: 2, b: 2, c: 1, see: 1 };

describeSpark("with the jar of spark-jobserver's README", (toolchain) => {
  let spark: SparkHearth;
  let jar: string;

  beforeAll(async () => {
    jar = await examples(toolchain());
    spark = await startSparkHearth(toolchain(), { section: { master: "local[4]" } });
  }, PATIENCE_MS);

  afterAll(() => spark?.[Symbol.asyncDispose]());

  async function sh(line: keyof typeof LINES, jobId = ""): Promise<string> {
    const command = LINES[line]
      .replaceAll("localhost:8090", new URL(spark.hearth.url).host)
      .replaceAll(/@job-server-tests\S+\.jar/g, `@${jar}`)
      .replaceAll("$JOB", jobId);
    return (await run("sh", ["-c", command.replace("curl ", "curl -s ")])).stdout;
  }

  async function post(query: string, body = ""): Promise<Response> {
    return fetch(`${spark.hearth.url}/jobs?appName=test&context=test-context&${query}`, { method: "POST", body });
  }

  /** Runs a job of the jar in test-context, and resolves to the answer. */
  async function runJob(main: string, config = ""): Promise<Record<string, unknown>> {
    const answer = await post(`sync=true&timeout=60&classPath=spark.jobserver.${main}`, config);
    return (await answer.json()) as Record<string, unknown>;
  }

  test("its lines work as they stand", { timeout: PATIENCE_MS }, async () => {
    expect(await sh("upload")).toBe('{"status":"SUCCESS","result":"Jar uploaded"}');
    expect(await sh("jars")).toMatch(/^\{"test":"\d{4}-[^"]+"\}$/);
    expect(await sh("binary")).toBe('{"status":"SUCCESS"}');

    const { jobId, status } = JSON.parse(await sh("adHoc"));
    expect(status).toBe("STARTED");
    await until("the ad-hoc job has finished", async () => JSON.parse(await sh("job", jobId)).status === "FINISHED");
    expect(JSON.parse(await sh("job", jobId))).toMatchObject({
      ...{ jobId, classPath: "spark.jobserver.WordCountExample", status: "FINISHED", result: COUNTS },
      duration: expect.stringMatching(/^[\d.]+ secs$/),
    });
    expect(await sh("config", jobId)).toBe('{\n    "input" : {\n        "string" : "a b c a b see"\n    }\n}\n');

    expect(await sh("context")).toBe('{"status":"SUCCESS","result":"Context initialized"}');
    expect(JSON.parse(await sh("contexts"))).toContain("test-context");
    expect(JSON.parse(await sh("inContext")).result).toEqual(COUNTS);
    expect(JSON.parse(await sh("cp")).result).toEqual(COUNTS);
    const jobs: { status: string }[] = JSON.parse(await sh("jobs"));
    expect(jobs.map((job) => job.status)).toEqual(["FINISHED", "FINISHED", "FINISHED"]);

    const invalid = await sh("invalid");
    expect(invalid).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(JSON.parse(invalid.slice(invalid.indexOf("{")))).toMatchObject({
      status: "VALIDATION FAILED",
      result: {
        message: "One(SparkJobInvalid(No input.string config param))",
        ...{ errorClass: "java.lang.Throwable", stack: expect.any(String) },
      },
    });
  });

  describe("the jobs that its clients expect are there", () => {
    test.each([
      ["WordCountExampleNewApi", "input.string = a b a", { result: { a: 2, b: 1 } }],
      [
        "WordCountExampleNewApi",
        "",
        { status: "VALIDATION FAILED", result: { message: "One(SingleProblem(No input.string param))" } },
      ],
      ["VeryShortDoubleJob", "", { result: [2, 4, 6] }],
      ["ZookeeperJob", "", { result: [["horse"]] }],
      ["CacheSomethingJob", "", { result: 426 }],
      ["AccessCacheJob", "", { result: 426 }],
      ["CacheRddByNameJob", "", { result: 55 }],
      ["JavaHelloWorldJob", "", { result: "Hi!" }],
      ["SleepJob", "sleep.time.millis = 20", { result: 20 }],
      ["ConfigCheckerJob", "one { two = 2 }, three = 3", { result: expect.arrayContaining(["one", "three"]) }],
      [
        "MyErrorJob",
        "",
        { status: "ERROR", result: { message: "Foobar", errorClass: "java.lang.IllegalArgumentException" } },
      ],
      [
        "MyFatalErrorJob",
        "",
        { status: "ERROR", result: { message: "this is a fatal error", errorClass: "java.lang.OutOfMemoryError" } },
      ],
      ["SimpleObjectJob", "", { result: 6 }],
    ])("%s, with %j", { timeout: PATIENCE_MS }, async (main, config, expected) => {
      expect(await runJob(main, config)).toMatchObject(expected);
      expect((await spark.context("test-context")).restarts ?? 0).toBe(0);
    });

    test("jobJarDependenciesJob, with dependent-jar-uris", { timeout: PATIENCE_MS }, async () => {
      await spark.uploadJar("empty", await dependencyJar(toolchain().compiler));
      expect(await runJob("jobJarDependenciesJob", 'dependent-jar-uris = ["empty"]')).toMatchObject({
        result: { EmptyClass: 3 },
      });
    });

    test("RemoteDataFileJob, with an uploaded file", { timeout: PATIENCE_MS }, async () => {
      const uploaded = await fetch(`${spark.hearth.url}/data/words`, { method: "POST", body: "some words" });
      const { result } = (await uploaded.json()) as { result: { filename: string } };
      const answer = await runJob("RemoteDataFileJob", `testFile = "${result.filename}"`);
      expect(answer["result"]).toMatch(/^\//);
    });

    test("LongPiJob, which a kill ends", { timeout: PATIENCE_MS }, async () => {
      const answer = await post("classPath=spark.jobserver.LongPiJob", "stress.test.longpijob.duration = 600");
      const { jobId } = (await answer.json()) as { jobId: string };
      await until("it runs", async () => JSON.parse(await sh("job", jobId)).status === "RUNNING");
      expect(JSON.parse(await sh("kill", jobId))).toEqual({ status: "KILLED" });
      expect(JSON.parse(await sh("job", jobId)).status).toBe("KILLED");
      expect(await runJob("NoOpJob")).toMatchObject({ result: 1 });
      expect((await spark.context("test-context")).restarts ?? 0).toBe(0);
    });
  });

  test("StreamingTestJob runs in a context of StreamingContextFactory until it is killed", {
    timeout: PATIENCE_MS,
  }, async () => {
    const factory = "context-factory=spark.jobserver.context.StreamingContextFactory";
    const created = await fetch(`${spark.hearth.url}/contexts/stream?${factory}&streaming.batch_interval=200`, {
      method: "POST",
    });
    expect(await created.json()).toEqual({ status: "SUCCESS", result: "Context initialized" });
    const query = "appName=test&classPath=spark.jobserver.StreamingTestJob&context=stream";
    const { jobId } = (await (await fetch(`${spark.hearth.url}/jobs?${query}`, { method: "POST" })).json()) as {
      jobId: string;
    };
    await spark.untilTasksRun(jobId);
    expect(JSON.parse(await sh("kill", jobId))).toEqual({ status: "KILLED" });
    await fetch(`${spark.hearth.url}/contexts/stream`, { method: "DELETE" });
  });

  test("its context is stopped by its line", { timeout: PATIENCE_MS }, async () => {
    expect(await sh("override")).toBe('{"status":"SUCCESS","result":"Context stopped"}');
    expect(JSON.parse(await sh("contexts"))).not.toContain("test-context");
  });
});
