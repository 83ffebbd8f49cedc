import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type AbusedHearth, startAbusedHearth } from "./abused_hearth.ts";

let abused: AbusedHearth;
beforeAll(async () => {
  abused = await startAbusedHearth({ gateway: { limits: { messageBytes: 1024 * 1024 } } });
});
afterEach(() => abused.expectWell());
afterAll(() => abused?.[Symbol.asyncDispose]());

/** Runs a job with a config in JSON or HOCON and returns the response. */
function runJson(config: string) {
  return abused.post("/v1/jobs:run", `{"binary":"echo","entryPoint":"look","context":"shared","config":${config}}`);
}

function runHocon(config: string) {
  return abused.post("/jobs?appName=echo&classPath=look&context=shared&sync=true", config, {
    "content-type": "text/plain",
  });
}

function nested(depth: number): string {
  return `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
}

describe("JSON and HOCON that nest too deep", () => {
  test.each([100, 10_000, 80_000])("are refused at depth %i", async (depth) => {
    for (const config of [nested(depth), `${"[".repeat(depth)}${"]".repeat(depth)}`, `{"a":${"[".repeat(depth)}`]) {
      const { status, text } = await runJson(config);
      expect([depth, status, text]).toEqual([depth, 400, expect.stringContaining("invalid_argument")]);
    }
  });

  test.each([201, 10_000, 80_000])("are refused at depth %i by spark-jobserver's API", async (depth) => {
    for (const config of [nested(depth), `${"a.".repeat(depth)}a = 1`, `a = ${"[".repeat(depth)}`]) {
      expect((await runHocon(config)).status).toBe(400);
    }
  });

  test.each([41, 98])("are refused at depth %i, beyond what can be read back", async (depth) => {
    expect(await runJson(nested(depth))).toMatchObject({ status: 400, text: expect.stringContaining("40 levels") });
    expect((await runHocon(nested(depth))).status).toBe(400);
    const settings = { settings: JSON.parse(nested(depth)) };
    const { status } = await abused.rest.call("POST", "/v1/contexts", { name: "deep", settings });
    expect(status).toBe(400);
  });

  test("are read back unchanged at the deepest level allowed", async () => {
    const path = "/jobs?appName=echo&classPath=look&context=shared";
    const { status, text } = await abused.post(path, nested(40), { "content-type": "text/plain" });
    expect([status, text]).toEqual([202, expect.any(String)]);
    const { jobId } = JSON.parse(text);
    expect((await abused.rest.call("GET", `/jobs/${jobId}/config`)).status).toBe(200);
    expect((await abused.rest.call("GET", `/v1/jobs/${jobId}/config`)).status).toBe(200);
  });

  test("are refused by Connect in JSON", async () => {
    const body = `{"job":{"binary":"echo","entryPoint":"look","context":"shared","config":${nested(10_000)}}}`;
    expect((await abused.post("/hearth.v1.JobService/RunJob", body)).status).toBe(400);
  });
});

describe("keys of Object.prototype in a config", () => {
  const POLLUTING = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}},"toString":"mine","ok":1}';

  test.each<[string, (config: string) => ReturnType<AbusedHearth["post"]>]>([
    ["JSON", runJson],
    ["HOCON", runHocon],
  ])("pollute neither the job nor the gateway, in %s", async (_, run) => {
    const { status, text } = await run(POLLUTING);
    expect([status, text]).toEqual([200, expect.any(String)]);
    const { result } = JSON.parse(text);
    expect(result).toMatchObject({ isPlain: true, polluted: null });
    expect(result.keys).toEqual(expect.arrayContaining(["constructor", "toString", "ok"]));
  });

  test.each(["__proto__.polluted = 1", '"__proto__" { polluted = 1 }', "a.constructor.prototype.polluted = 1"])(
    "pollute nothing as the path %s",
    async (config) => {
      const { status, text } = await runHocon(config);
      expect([status, text]).toEqual([200, expect.any(String)]);
      expect(JSON.parse(text).result).toMatchObject({ polluted: null });
    },
  );

  test("pollute nothing as settings, labels and names of a context", async () => {
    const body = '{"name":"polluter","settings":{"env":{"__proto__":"x"},"settings":{"__proto__":{"polluted":1}}}}';
    await abused.post("/v1/contexts", body);
    await abused.post("/contexts/__proto__?num-cpu-cores=1", "");
    await abused.post("/contexts/polluted2?__proto__.polluted=1&constructor.prototype.polluted=1", "");
    const { result } = await abused.rest.run({
      binary: "echo",
      entryPoint: "look",
      context: "shared",
      config: {},
    });
    expect(result).toMatchObject({ keys: [], polluted: null });
    // A polluted Object.prototype would show in every printed object.
    expect((await abused.rest.call("GET", "/v1/contexts/shared")).body).not.toHaveProperty("polluted");
  });
});

describe("texts that would make a backtracking pattern slow take little processor time", () => {
  const CHEWY = "a".repeat(50_000);
  /** Of the gateway's processor time. */
  const WITHIN_MS = 3000;

  test.each<[string, () => Promise<{ status: number }>]>([
    ["a name", () => abused.post("/v1/contexts", JSON.stringify({ name: `${CHEWY}!` }))],
    ["an entry point", () => abused.post("/v1/jobs", JSON.stringify({ binary: "echo", entryPoint: `${CHEWY}!` }))],
    [
      "a reference of a binary",
      () => abused.post("/v1/jobs", JSON.stringify({ binary: `echo@${"1".repeat(50_000)}!` })),
    ],
    [
      "a callback URL",
      () => abused.post("/v1/jobs", JSON.stringify({ binary: "echo", callbackUrl: `http://${CHEWY}!` })),
    ],
    ["a page token", () => fetch(`${abused.hearth.url}/v1/jobs?page_token=${"=".repeat(10_000)}!`)],
    ["blanks in HOCON", () => runHocon(`a = ${" ".repeat(200_000)}b${" ".repeat(200_000)}!`)],
    ["an unterminated text in HOCON", () => runHocon(`a = "${"\\\\".repeat(100_000)}`)],
    ["numbers in HOCON", () => runHocon(`a = ${"1".repeat(300_000)}.e+-`)],
    ["includes in HOCON", () => runHocon(`${"include ".repeat(50_000)}!`)],
    ["a thousand substitutions in HOCON", () => runHocon(billionLaughs())],
    ["a duration in HOCON", () => runHocon(`spark.context-settings.idle-timeout = "${"1".repeat(50_000)} x"`)],
    ["slashes in a path", () => fetch(`${abused.hearth.url}/v1/${"/".repeat(8000)}`)],
    ["a content type", () => abused.post("/v1/jobs", "{}", { "content-type": `application/${"a+".repeat(4000)}!` })],
  ])("%s", async (_, send) => {
    const beginMs = abused.cpuMs();
    const { status } = await send();
    expect(status).toBeLessThan(500);
    expect(abused.cpuMs() - beginMs).toBeLessThan(WITHIN_MS);
  });

  test("an id of server-sent events", async () => {
    const { job } = await abused.rest.run({ binary: "echo", entryPoint: "echo", context: "shared", config: {} });
    const beginMs = abused.cpuMs();
    for (const id of ["1".repeat(8000), `${" ".repeat(8000)}1`, "-1", "1e999", "9".repeat(40)]) {
      const response = await fetch(`${abused.hearth.url}/v1/jobs/${job.id}:watch`, {
        headers: { accept: "text/event-stream", "last-event-id": id },
      });
      expect(response.status).toBeLessThan(500);
      await response.body?.cancel();
    }
    expect(abused.cpuMs() - beginMs).toBeLessThan(WITHIN_MS);
  });
});

/** Each line is ten of the line before. */
function billionLaughs(): string {
  const lines = ["a0 = ha"];
  for (let level = 1; level < 12; level++) {
    const item = `\${a${level - 1}}`;
    lines.push(`a${level} = [${Array.from({ length: 10 }, () => item).join(",")}]`);
  }
  return lines.join("\n");
}
