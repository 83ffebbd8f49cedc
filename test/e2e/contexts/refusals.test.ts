import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ContextService, JobService } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

let hearth: Hearth;
let rest: Rest;

beforeAll(async () => {
  hearth = await startHearth();
  rest = createRest(hearth.url);
  await rest.upload("jobs", "export const echo = ({ config }) => config;");
  await rest.createContext("warm");
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

/** What a request is refused with; the whole message but for its beginning, which all have. */
async function refusal(method: string, path: string, body?: unknown) {
  const answer = await rest.call(method, path, body);
  const { code, message } = answer.body as { code: string; message: string };
  return { status: answer.status, code, message: message.replace(/^Cannot accept the request: /, "") };
}

function invalid(message: string) {
  return { status: 400, code: "invalid_argument", message };
}

describe("invalid context settings are refused", () => {
  const memory = "must be greater than or equal to 33554432 and less than or equal to 1099511627776";
  const name = "must not be empty, and have no `=` and no NUL";
  const faults: [object, string][] = [
    [{ memoryBytes: "1000" }, `memory_bytes: ${memory}, got 1000`],
    [{ memoryBytes: "33554431" }, `memory_bytes: ${memory}, got 33554431`],
    [{ idleTimeout: "-1s" }, "idle_timeout: must be greater than or equal to 1s, got -1s"],
    [{ idleTimeout: "0s" }, "idle_timeout: must be greater than or equal to 1s, got 0s"],
    [{ maxAge: "-5s" }, "max_age: must be greater than or equal to 1s, got -5s"],
    [{ maxAge: "0.5s" }, "max_age: must be greater than or equal to 1s, got 0.5s"],
    [{ env: { "": "x" } }, `env, key: ${name}, got ""`],
    [{ env: { "A=B": "x" } }, `env, key: ${name}, got "A=B"`],
  ];

  test.each(faults)("%j", async (settings, message) => {
    const told = invalid(`settings.${message}`);
    expect(await refusal("POST", "/v1/contexts", { name: "harmed", settings })).toEqual(told);
    expect(await refusal("POST", "/v1/contexts/warm:restart", { settings })).toEqual(told);
    expect(await refusal("POST", "/v1/jobs:run", { binary: "jobs", contextSettings: settings })).toEqual(
      invalid(`job.context_settings.${message}`),
    );
    expect((await rest.call("GET", "/v1/contexts/warm")).body).toMatchObject({ state: "RUNNING" });
  });

  test("settings too large for a list of contexts are refused", async () => {
    const settings = { settings: { text: "x".repeat(64 * 1024) } };
    const told = invalid(
      expect.stringMatching(/^settings: must have at most 65536 bytes, got \d+; put data into data files$/),
    );
    expect(await refusal("POST", "/v1/contexts", { name: "harmed", settings })).toMatchObject(told);
    expect(await refusal("POST", "/v1/contexts/warm:restart", { settings })).toMatchObject(told);
    expect(await refusal("POST", "/v1/jobs:run", { binary: "jobs", contextSettings: settings })).toMatchObject(told);
  });

  test("zero, which means the default, and the minimum are accepted", async () => {
    await rest.createContext("default", { memoryBytes: "0" });
    await rest.createContext("least", {
      memoryBytes: String(32 * 1024 * 1024),
      idleTimeout: "60s",
      env: { "a.b": "" },
    });
    const config = { a: 1 };
    expect((await rest.run({ binary: "jobs", entryPoint: "echo", context: "least", config })).result).toEqual(config);
  });

  test("spark-jobserver's API refuses invalid settings with its own texts", async () => {
    const { status, body } = await rest.call("POST", "/contexts/harmed?memory-per-node=1k", "");
    const result = `Cannot accept the request: settings.memory_bytes: ${memory}, got 1024`;
    expect({ status, body }).toEqual({ status: 400, body: { status: "ERROR", result } });
  });
});

describe("validation errors contain the value", () => {
  const contextName = "must be a letter, then letters, digits and . _ ~ -, at most 128 characters";
  test.each<[string, string, unknown, string]>([
    [
      "POST",
      "/v1/jobs",
      { binary: "jobs", priority: 5000 },
      "job.priority: must be greater than or equal to -1000 and less than or equal to 1000, got 5000",
    ],
    ["GET", "/v1/jobs/one", undefined, 'job_id: must be a valid UUID, got "one"'],
    ["POST", "/v1/contexts/a%20b", {}, `name: ${contextName}, got "a b"`],
    ["POST", "/v1/contexts/warm:nope", {}, `name: ${contextName}, got "warm:nope"`],
    ["POST", "/v1/contexts", { name: "a\u0000\u202e" }, `name: ${contextName}, got "a\\u{0}\\u{202e}"`],
    [
      "POST",
      "/v1/contexts",
      { name: "a b".repeat(50) },
      `name: ${contextName}, got "${"a b".repeat(34).slice(0, 100)}…"`,
    ],
    [
      "PUT",
      "/v1/binaries/my%20app",
      "export const a = 1;",
      'name: must be a letter or digit, then letters, digits and . _ ~ -, at most 128 characters, got "my app"',
    ],
    [
      "POST",
      "/v1/contexts/named",
      { permissions: { net: ["ok:1", "https://a"] } },
      'settings.permissions.net[1]: must be a host or host:port, at most 255 characters, got "https://a"',
    ],
    [
      "POST",
      "/v1/contexts/named",
      { permissions: { secrets: ["a b"] } },
      'settings.permissions.secrets[0]: must be a letter, digit or *, then letters, digits and . _ * -, at most 128 characters, got "a b"',
    ],
    [
      "POST",
      "/v1/jobs",
      { binary: "jobs", labels: { "": "x" } },
      'job.labels, key: must be at least 1 characters, got ""',
    ],
    [
      "POST",
      "/v1/jobs",
      { binary: "jobs", labels: { a: "x".repeat(300) } },
      `job.labels["a"]: must be at most 256 characters, got "${"x".repeat(100)}…"`,
    ],
    ["POST", "/v1/jobs", { binary: "jobs", timeout: "0s" }, "job.timeout: must be greater than 0s, got 0s"],
  ])("%s %s %j", async (method, path, body, message) => {
    expect(await refusal(method, path, body)).toEqual(invalid(message));
  });

  test("unless the value may be a secret", async () => {
    expect(await refusal("POST", "/v1/contexts/named", { env: { PASSWORD: "hunter2\0" } })).toEqual(
      invalid('settings.env["PASSWORD"]: must have no NUL'),
    );
  });

  test("only the first few of many, and the number of the others", async () => {
    const net = Array.from({ length: 200 }, () => "a b");
    const { message } = await refusal("POST", "/v1/contexts/named", { permissions: { net } });
    expect(message.split("; ")).toHaveLength(9);
    expect(message).toMatch(/; 192 more$/);
  });

  test.each([
    ["/contexts/a%20b", "name: must be a letter, then", "a b"],
    ["/jars/my%20app", "name: must be a letter or digit, then", "my app"],
  ])("by spark-jobserver's API too: %s", async (path, rule, given) => {
    const { status, body } = await rest.call("POST", path, "export const a = 1;");
    const result = `Cannot accept the request: ${rule} letters, digits and . _ ~ -, at most 128 characters, got "${given}"`;
    expect({ status, body }).toEqual({ status: 400, body: { status: "ERROR", result } });
  });
});

describe("errors of malformed JSON name the field, the expected and the actual type", () => {
  test.each<[string, object, string]>([
    ["/v1/jobs", { timeout: "5" }, 'body: timeout: expected seconds such as "5s" or "0.25s", got "5"'],
    ["/v1/jobs", { config: "x" }, 'body: config: expected an object, got "x"'],
    ["/v1/jobs", { contxt: "warm" }, 'body: hearth.v1.JobSpec has no field "contxt"'],
    [
      "/v1/jobs:run?waitTimeout=5",
      {},
      'query parameter "waitTimeout": expected seconds such as "5s" or "0.25s", got "5"',
    ],
    [
      "/v1/contexts",
      { settings: { maxAge: 5 } },
      'body: settings.maxAge: expected seconds such as "5s" or "0.25s", got 5',
    ],
    ["/v1/contexts", { settings: { env: { PIN: 1234 } } }, 'body: settings.env["PIN"]: expected text'],
  ])("%s %j", async (path, body, message) => {
    const told = `Cannot read ${message.replace("body", "the request body")}`;
    expect(await refusal("POST", path, body)).toEqual(invalid(told));
  });
});

test.each([
  ["more than JSON can say", { seconds: 2n ** 40n }],
  ["of two signs", { seconds: 5n, nanos: -5 }],
  ["of too many parts of a second", { seconds: 5n, nanos: 2_000_000_000 }],
])("a duration %s is refused, which could not be read back", async (_, duration) => {
  const transport = createGrpcTransport({ baseUrl: hearth.url });
  const why = "must have at most 315576000000 seconds, and seconds and nanos of one sign";
  await expect(
    createClient(ContextService, transport).createContext({ name: "far", settings: { idleTimeout: duration } }),
  ).rejects.toThrow(`[invalid_argument] Cannot accept the request: settings.idle_timeout: ${why}`);
  await expect(
    createClient(JobService, transport).submitJob({ job: { binary: "jobs", timeout: duration } }),
  ).rejects.toThrow(`[invalid_argument] Cannot accept the request: job.timeout: ${why}`);
  for (const path of ["/v1/contexts", "/v1/jobs"]) expect((await rest.call("GET", path)).status).toBe(200);
});

test.each([Number.NaN, Number.NEGATIVE_INFINITY])(
  "%d in free settings is refused, which could not be read back",
  async (value) => {
    const client = createClient(ContextService, createGrpcTransport({ baseUrl: hearth.url }));
    await expect(client.createContext({ name: "odd", settings: { settings: { a: [value] } } })).rejects.toThrow(
      `[invalid_argument] Cannot accept the request: settings.settings.a[0]: must be a number of JSON, got ${value}`,
    );
    expect((await rest.call("GET", "/v1/contexts")).status).toBe(200);
  },
);

test("a config with NaN or Infinity is refused by every API with its path", async () => {
  const job = { binary: "jobs", context: "warm", config: { rows: [{ limit: Number.NaN }] } };
  const why = (value: string) =>
    `Cannot accept the request: job.config.rows[0].limit: must be a number of JSON, got ${value}`;
  await expect(createClient(JobService, createGrpcTransport({ baseUrl: hearth.url })).runJob({ job })).rejects.toThrow(
    why("NaN"),
  );
  const beyond = '{"binary":"jobs","context":"warm","config":{"rows":[{"limit":-1e999}]}}';
  for (const [path, body] of [
    ["/v1/jobs:run", beyond],
    ["/v1/jobs", beyond],
    ["/hearth.v1.JobService/SubmitJob", `{"job":${beyond}}`],
  ] as const) {
    const response = await fetch(hearth.url + path, {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ message: why("-Infinity") });
  }
});

test("an unknown field is refused in Connect's JSON as well", async () => {
  const job = { binary: "jobs", contxt: "warm" };
  expect(await refusal("POST", "/hearth.v1.JobService/RunJob", { job })).toEqual(
    invalid('cannot decode message hearth.v1.JobSpec from JSON: key "contxt" is unknown'),
  );
});

test("a job with settings for an existing context is refused", async () => {
  const spec = { binary: "jobs", entryPoint: "echo", contextSettings: { maxJobs: 1 } };
  const told = invalid(
    "job: context_settings are those of a context made for the job; leave them out, or leave out context",
  );
  expect(await refusal("POST", "/v1/jobs:run", { ...spec, context: "warm" })).toEqual(told);
  expect(await refusal("POST", "/v1/contexts/warm/jobs", spec)).toEqual(told);
  expect((await rest.call("POST", "/v1/jobs:run", spec)).status).toBe(200);
});
