import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HttpReceiver, type ReceivedRequest, startHttpReceiver } from "../../http/receiver.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const JOBS = `
export function echo({ config }) { return config; }
export function fail() { throw new TypeError("no"); }
export const picky = { validate: () => ["never"], run() {} };
export function wait({ signal }) {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}
`;

/** Callbacks may go to this machine, and are tried again at once. */
const ALLOWED = { gateway: { callbacks: { allow: ["127.0.0.0/8"], attempts: 3, retryDelayMs: 20 } } };

let hearth: Hearth;
let rest: Rest;

beforeAll(async () => {
  hearth = await startHearth({ gateways: 2, config: ALLOWED });
  rest = createRest(hearth.url);
  await rest.upload("jobs", JOBS);
  await rest.createContext("warm");
});

afterAll(() => hearth[Symbol.asyncDispose]());

function spec(receiver: HttpReceiver, entryPoint: string, more: object = {}): object {
  return { binary: "jobs", entryPoint, context: "warm", callbackUrl: `${receiver.url}/hook`, ...more };
}

/** Resolves with the callbacks when there are so many, and none more after another job has called back. */
async function callbacks(receiver: HttpReceiver, count: number): Promise<readonly ReceivedRequest[]> {
  await until(`${count} callback(s) arrived`, () => receiver.received.length >= count);
  await using later = await startHttpReceiver();
  await rest.run(spec(later, "echo"));
  await until("a later callback arrived", () => later.received.length > 0);
  return receiver.received;
}

test("a successful job sends one signed callback with its result", async () => {
  await using receiver = await startHttpReceiver();

  const { job } = await rest.run(spec(receiver, "echo", { config: { n: 1 } }));

  const [callback, ...more] = await callbacks(receiver, 1);
  expect(more).toEqual([]);
  const { body = "", headers = {} } = callback ?? {};
  expect(callback).toMatchObject({
    method: "POST",
    path: "/hook",
    headers: { "content-type": "application/json", "user-agent": "hearth", "hearth-delivery": job.id },
  });
  expect(JSON.parse(body)).toMatchObject({
    job: { id: job.id, state: "SUCCEEDED", endTime: expect.any(String) },
    result: { n: 1 },
  });
  const secret = (await readFile(join(hearth.dataDir, "gateway", "callback-secret"), "utf8")).trim();
  const signed = createHmac("sha256", secret).update(`${headers["hearth-timestamp"]}.${body}`).digest("hex");
  expect(headers["hearth-signature"]).toBe(`v1=${signed}`);
  expect(Math.abs(Number(headers["hearth-timestamp"]) - Date.now() / 1000)).toBeLessThan(60);
});

test.each([
  ["fail", "FAILED"],
  ["picky", "REJECTED"],
])("a job of which %s is the entry point calls back as %s", async (entryPoint, state) => {
  await using receiver = await startHttpReceiver();

  const { id } = await rest.submit(spec(receiver, entryPoint));

  const [callback] = await callbacks(receiver, 1);
  expect(JSON.parse(callback?.body ?? "")).toMatchObject({
    job: { id, state, error: { message: expect.any(String) } },
  });
});

test("a cancelled job sends a callback, also if it waited for a slot", async () => {
  await using receiver = await startHttpReceiver();
  await rest.createContext("narrow", { maxJobsPerContext: 1 });
  const running = await rest.submit(spec(receiver, "wait", { context: "narrow" }));
  const waiting = await rest.submit(spec(receiver, "wait", { context: "narrow" }));

  await rest.call("POST", `/v1/jobs/${waiting.id}:cancel`, {});
  await rest.call("POST", `/v1/jobs/${running.id}:cancel`, {});

  const told = (await callbacks(receiver, 2)).map(({ body }) => JSON.parse(body).job);
  expect(told.map(({ id }) => id).sort()).toEqual([running.id, waiting.id].sort());
  expect(told.map(({ state }) => state)).toEqual(["CANCELLED", "CANCELLED"]);
});

test("a callback is retried with the same id until the receiver accepts it", async () => {
  await using receiver = await startHttpReceiver((response, before) =>
    response.writeHead(before < 2 ? 503 : 204).end(),
  );

  const { job } = await rest.run(spec(receiver, "echo"));

  const tries = await callbacks(receiver, 3);
  expect(tries.map(({ headers }) => headers["hearth-delivery"])).toEqual([job.id, job.id, job.id]);
});

test("a callback is abandoned after the last attempt; a redirect counts as a failure", async () => {
  await using elsewhere = await startHttpReceiver();
  await using receiver = await startHttpReceiver((response) =>
    response.writeHead(302, { location: elsewhere.url }).end(),
  );

  await rest.run(spec(receiver, "echo"));

  expect(await callbacks(receiver, 3)).toHaveLength(3);
  expect(elsewhere.received).toEqual([]);
});

test("a job of spark-jobserver's API sends a callback in that API's form", async () => {
  await using receiver = await startHttpReceiver();
  const start = async (mainClass: string) => {
    const query = new URLSearchParams({ cp: "jobs", mainClass, context: "warm", callbackUrl: receiver.url });
    const { body } = await rest.call("POST", `/jobs?${query}`, "n = 1");
    return (body as { jobId: string }).jobId;
  };
  const [succeeded, failed] = [await start("echo"), await start("fail")];

  const bodies = new Map((await callbacks(receiver, 2)).map(({ body }) => [JSON.parse(body).jobId, JSON.parse(body)]));
  expect(bodies.get(succeeded)).toEqual({ jobId: succeeded, result: expect.objectContaining({ n: 1 }) });
  expect(bodies.get(failed)).toEqual({
    jobId: failed,
    status: "ERROR",
    result: { message: "no", errorClass: "TypeError", stack: expect.stringContaining("TypeError: no") },
  });
});

test.each(["ftp://example.com/", "nonsense", "http://169.254.169.254/", "http://10.0.0.1/", "http://[::1]/"])(
  "a job is refused that wants to call back %s",
  async (callbackUrl) => {
    for (const path of ["/v1/jobs", "/v1/jobs:run"]) {
      const { status, body } = await rest.call("POST", path, { binary: "jobs", entryPoint: "echo", callbackUrl });
      expect({ status, body }).toMatchObject({
        status: 400,
        body: { code: "invalid_argument", message: expect.stringContaining(`Cannot call back "${callbackUrl}"`) },
      });
    }
  },
);

test("a callback is delivered although the gateways that recorded the end and tried first were killed", {
  timeout: 180_000,
}, async () => {
  await using receiver = await startHttpReceiver((response, before) =>
    response.writeHead(before < 1 ? 503 : 200).end(),
  );
  const patient = { gateway: { callbacks: { allow: ["127.0.0.1"], retryDelayMs: 1500 } } };
  const lines: string[] = [];
  await using system = await startHearth({ config: patient, onLine: (line) => lines.push(line) });
  const client = createRest(system.url);
  await client.upload("jobs", JOBS);
  const { job } = await client.run({ binary: "jobs", entryPoint: "echo", callbackUrl: receiver.url });
  await until("the first try failed", () => lines.some((line) => line.includes("callback failed")));

  process.kill(system.gateways[0]?.pid ?? Number.NaN, "SIGKILL");
  await system.addGateway();

  // Should NATS not have heard of the failure, it waits until the try would have been over.
  await until("the second try arrived", () => receiver.received.length === 2, { deadlineMs: 100_000 });
  expect(JSON.parse(receiver.received[1]?.body ?? "")).toMatchObject({ job: { id: job.id, state: "SUCCEEDED" } });
});

test("callbacks to loopback are refused unless they are allowed", async () => {
  await using system = await startHearth();
  const client = createRest(system.url);
  await client.upload("jobs", JOBS);
  const { status } = await client.call("POST", "/v1/jobs", {
    binary: "jobs",
    entryPoint: "echo",
    callbackUrl: "http://127.0.0.1:9/",
  });
  expect(status).toBe(400);
});
