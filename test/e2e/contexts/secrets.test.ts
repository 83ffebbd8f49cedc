import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Job_State, JobError_Reason } from "../../../proto/mod.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { startHttpReceiver } from "../../http/receiver.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { readJobEvents } from "../../nats/stored_events.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const PASSWORD = 'correct "horse" staple';

const JOBS = `
/** Returns whether it received the password. */
export const check = ({ config }) => config.password === ${JSON.stringify(PASSWORD)};
export const length = ({ config }) => config.password.length;
export async function talk({ config: { password }, log, progress }) {
  log.info("plain", password);
  console.log({ password });
  console.error(JSON.stringify({ password }));
  Deno.stdout.writeSync(new TextEncoder().encode(password));
  progress(0.5, "with " + password, { password, [password]: [password] });
  await new Promise((go) => setTimeout(go, 200));
  return { password, header: "Basic " + btoa("me:" + password) };
}
export function fail({ config: { password } }) {
  throw new Error("login failed for " + password, { cause: new TypeError(password) });
}
export const picky = { validate: ({ config }) => ["bad " + config.password], run() {} };
export async function* rows({ config: { password } }) {
  for (let row = 0; row < 3; row++) yield { row, password };
}
export function bytes({ config: { password } }) {
  const half = Math.floor(password.length / 2);
  return ReadableStream.from(["<", password.slice(0, half), password.slice(half), ">"]);
}
export const environment = () => ({ same: Deno.env.get("PASSWORD") === ${JSON.stringify(PASSWORD)}, password: Deno.env.get("PASSWORD") });
export const config = ({ config }) => config;
export const needy = () => 1;
`;

const ECHO = "export const manifest = { permissions: { secrets: ['password', 'other'] } }; export const job = () => 1;";

let folder: Awaited<ReturnType<typeof createTemporaryDirectory>>;
let hearth: Hearth;
let rest: Rest;
const lines: string[] = [];

beforeAll(async () => {
  folder = await createTemporaryDirectory();
  await mkdir(join(folder.path, "secrets"));
  await writeFile(join(folder.path, "outside"), "outside of it");
  await writeSecret("password", `${PASSWORD}\n`);
  await writeSecret("mail-user", "somebody@example.com");
  hearth = await startHearth({
    config: {
      gateway: { callbacks: { allow: ["127.0.0.0/8"] } },
      node: {
        secrets: {
          dir: join(folder.path, "secrets"),
          contexts: { "*": ["password", "mail-*", "missing"], "team-*": ["rotated"] },
        },
      },
    },
    onLine: (line) => lines.push(line),
  });
  rest = createRest(hearth.url);
  await rest.upload("jobs", JOBS);
  await rest.upload("needy", ECHO);
  await rest.createContext("warm", { permissions: { secrets: ["password", "mail-*", "missing", "rotated"] } });
  await rest.createContext("closed");
});

afterAll(async () => {
  await hearth[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const writeSecret = (name: string, content: string): Promise<void> =>
  writeFile(join(folder.path, "secrets", name), content);

function spec(entryPoint: string, config: object = { password: "secret:password" }, more: object = {}): object {
  return { binary: "jobs", entryPoint, context: "warm", config, ...more };
}

async function text(path: string): Promise<string> {
  return (await fetch(hearth.url + path)).text();
}

test("a job receives the value of a secret that its context is granted", async () => {
  const { job, result } = await rest.run(spec("check"));
  expect({ state: job.state, result }).toEqual({ state: Job_State.SUCCEEDED, result: true });
  const nested = { list: [{ user: "secret:mail-user" }], "secret:password": "not secret:password" };
  expect((await rest.run(spec("config", nested))).result).toEqual({
    list: [{ user: "[secret mail-user]" }],
    "secret:password": "not secret:password",
  });
});

test("every API shows the reference or a placeholder instead of the secret's value", async () => {
  await using receiver = await startHttpReceiver();
  const { job, result } = await rest.run(spec("talk", undefined, { callbackUrl: `${receiver.url}/hook` }));
  const { id } = job;
  expect(result).toEqual({ password: "[secret password]", header: expect.stringContaining("[secret password]") });
  await until("it called back", () => receiver.received.length > 0);
  const heard = {
    job: await text(`/v1/jobs/${id}`),
    result: await text(`/v1/jobs/${id}/result`),
    config: await text(`/v1/jobs/${id}/config`),
    logs: await text(`/v1/jobs/${id}/logs`),
    watchedLogs: await text(`/v1/jobs/${id}/logs:watch`),
    watched: await text(`/v1/jobs/${id}/events`),
    sparkJob: await text(`/jobs/${id}`),
    sparkConfig: await text(`/jobs/${id}/config`),
    callback: receiver.received.map(({ body }) => body).join(),
    nats: JSON.stringify(await readJobEvents(hearth.natsUrl, id)),
    processes: lines.join("\n"),
  };
  for (const [api, text] of Object.entries(heard)) {
    expect(text, api).not.toContain("horse");
    expect(text, api).not.toContain(btoa(`me:${PASSWORD}`).slice(4, -4));
  }
  expect(JSON.parse(heard.config)).toEqual({ password: "secret:password" });
  expect(JSON.parse(heard.sparkConfig)).toEqual({ password: "secret:password" });
  const { lines: logged } = JSON.parse(heard.logs) as { lines: { text: string }[] };
  expect(logged.map(({ text }) => text)).toEqual([
    "plain [secret password]",
    expect.stringContaining("[secret password]"),
    '{"password":"[secret password]"}',
  ]);
  expect(heard.nats).toContain("with [secret password]");
});

test("errors and validation problems do not contain the secret's value", async () => {
  const { job: failed } = await rest.run(spec("fail"));
  expect(failed.error?.message).toBe("login failed for [secret password]");
  expect(failed.error?.stack).toContain("Caused by: TypeError: [secret password]");
  const { job: rejected } = await rest.run(spec("picky"));
  expect(rejected.error?.problems).toEqual(["bad [secret password]"]);
});

test("streamed results do not contain the secret's value, even if it is split across parts", async () => {
  const { id: rows } = await rest.submit(spec("rows"));
  await rest.untilState(rows, Job_State.SUCCEEDED);
  expect(JSON.parse(await text(`/v1/jobs/${rows}/result`))).toEqual(
    [0, 1, 2].map((row) => ({ row, password: "[secret password]" })),
  );
  const { id: bytes } = await rest.submit(spec("bytes"));
  await rest.untilState(bytes, Job_State.SUCCEEDED);
  expect(await text(`/v1/jobs/${bytes}/result`)).toBe("<[secret password]>");
});

test("a job whose context is not granted the secret is rejected with the missing grant and does not run", async () => {
  const { job } = await rest.run(spec("check", undefined, { context: "closed" }));
  expect(job).toMatchObject({
    state: Job_State.REJECTED,
    error: {
      reason: JobError_Reason.PERMISSION_DENIED,
      message:
        'The config of the job refers to the secrets password; context "closed" grants no secrets. Missing: password. ' +
        'Create the context with the settings {"permissions":{"secrets":["password"]}}',
    },
  });
  expect(job.startTime).toBeUndefined();
  const { job: needy } = await rest.run({ binary: "needy", context: "warm" });
  expect(needy.error?.message).toContain("Missing: secrets other.");
});

test("a node grants contexts only the secrets that its configuration lists for their names", async () => {
  await writeSecret("rotated", "first value");
  const { job } = await rest.run(spec("check", { a: "secret:rotated" }));
  expect(job).toMatchObject({
    state: Job_State.REJECTED,
    error: { message: expect.stringContaining('the node lets no context "warm" have rotated (node.secrets.contexts)') },
  });
});

test("a job fails with the name of a secret that the node does not have", async () => {
  const { job } = await rest.run(spec("check", { password: "secret:missing" }, { maxAttempts: 3 }));
  expect(job).toMatchObject({
    state: Job_State.FAILED,
    attempt: 1,
    error: {
      reason: JobError_Reason.SECRET_UNAVAILABLE,
      message: 'Cannot read secret "missing": the node has none of that name',
    },
  });
});

test.each(["../outside", "a/b", "..", "", "pass word"])("%j is refused as the name of a secret", async (name) => {
  const { job } = await rest.run(spec("config", { x: `secret:${name}` }));
  expect(job).toMatchObject({
    state: Job_State.REJECTED,
    error: { message: expect.stringContaining(`refers to the secret "${name}", which is no name of one`) },
  });
});

test("the next job receives the new value of a changed secret, and the old value is still redacted", async () => {
  await writeSecret("rotated", "first value");
  await rest.createContext("team-a", { permissions: { secrets: ["rotated"] } });
  const run = (): Promise<{ result: unknown }> =>
    rest.run(spec("config", { now: "secret:rotated", before: "the first value" }, { context: "team-a" }));
  expect((await run()).result).toEqual({ now: "[secret rotated]", before: "the [secret rotated]" });
  await writeSecret("rotated", "the second one");
  expect((await run()).result).toEqual({ now: "[secret rotated]", before: "the [secret rotated]" });
  const { result } = await rest.run(spec("length", { password: "secret:rotated" }, { context: "team-a" }));
  expect(result).toBe("the second one".length);
});

test("references to secrets in a context's env are read back as references", async () => {
  const settings = { permissions: { secrets: ["password"] }, env: { PASSWORD: "secret:password", PLAIN: "x" } };
  await rest.createContext("with-env", settings);
  const { result } = await rest.run(spec("environment", {}, { context: "with-env" }));
  expect(result).toEqual({ same: true, password: "[secret password]" });
  expect(JSON.parse(await text("/v1/contexts/with-env"))).toMatchObject({ settings });
});

test("a context whose env refers to a secret that is missing or not granted does not start", async () => {
  const create = async (env: object, secrets: string[] = []): Promise<unknown> => {
    const settings = { env, permissions: { secrets } };
    const { body } = await rest.call("POST", "/v1/contexts", { name: "refused", settings });
    return body;
  };
  expect(await create({ A: "secret:password" })).toMatchObject({
    message: expect.stringContaining("The env of the context refers to the secrets password; "),
  });
  expect(await create({ A: "secret:missing" }, ["*"])).toMatchObject({
    message: expect.stringContaining('Cannot read secret "missing"'),
  });
  expect(await create({ TZ: "secret:password" }, ["*"])).toMatchObject({
    message: expect.stringContaining("env TZ, cannot be a secret"),
  });
});

test("a restart with such an env is refused, and the context is unchanged", async () => {
  const restarted = await rest.call("POST", "/v1/contexts/closed:restart", {
    settings: { env: { A: "secret:password" } },
  });
  expect(restarted).toMatchObject({
    status: 400,
    body: { message: expect.stringMatching(/^Cannot restart context "closed": The env of the context refers to/) },
  });
  expect((await rest.run(spec("needy", {}, { context: "closed" }))).result).toBe(1);
});

test("spark-jobserver's API leaves references to secrets unchanged", async () => {
  const body = `password = "secret:password", nested { list = ["secret:mail-user"] }`;
  const submitted = await fetch(`${hearth.url}/jobs?appName=jobs&classPath=config&context=warm&sync=true`, {
    method: "POST",
    body,
  });
  expect(await submitted.json()).toMatchObject({
    result: { password: "[secret password]", nested: { list: ["[secret mail-user]"] } },
  });
  const created = await rest.call("POST", "/contexts/by-spark?permissions.secrets=password");
  expect(created.status).toBe(200);
  expect((await rest.run(spec("check", undefined, { context: "by-spark" }))).result).toBe(true);
});

test("a job with a context of its own brings the grant along", async () => {
  const contextSettings = { permissions: { secrets: ["pass*"] } };
  const { result } = await rest.run(spec("check", undefined, { context: "", contextSettings }));
  expect(result).toBe(true);
});

test("the next job does not receive a deleted secret", async () => {
  await writeSecret("mail-pass", "for a short time");
  const gone = spec("length", { password: "secret:mail-pass" });
  expect((await rest.run(gone)).result).toBe("for a short time".length);
  await rm(join(folder.path, "secrets", "mail-pass"));
  expect((await rest.run(gone)).job.error?.reason).toBe(JobError_Reason.SECRET_UNAVAILABLE);
});
