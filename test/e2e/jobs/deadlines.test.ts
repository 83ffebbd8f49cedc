import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Job_State, JobError_Reason, JobService } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const JOBS = `
export const soon = () => new Promise((resolve) => setTimeout(resolve, 50, "soon"));
export const stays = ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve("left")));
export const throws = () => { throw new Error("once more"); };
`;

const DAY_MS = 24 * 3600 * 1000;
const NINETY_DAYS = "7776000s";

let hearth: Hearth;
let rest: Rest;

beforeAll(async () => {
  hearth = await startHearth({ config: { node: { loadTimeoutMs: 1500 } } });
  rest = createRest(hearth.url);
  await rest.upload("jobs", JOBS);
  await rest.createContext("times", { idleTimeout: NINETY_DAYS, maxAge: NINETY_DAYS });
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

const soon = () => ({ job: { binary: "jobs", entryPoint: "soon", context: "times" } });

test.each([
  { name: "Connect", create: createConnectTransport },
  { name: "gRPC", create: createGrpcTransport },
  { name: "gRPC-Web", create: createGrpcWebTransport },
])("a call by $name may have a deadline of months", async ({ create }) => {
  const client = createClient(JobService, create({ baseUrl: hearth.url, httpVersion: "2" }));

  // The client library's own timer takes no such time: the header alone says it.
  for (const headers of [{ "connect-timeout-ms": "9999999999" }, { "grpc-timeout": "99999999H" }]) {
    const { job } = await client.runJob(soon(), { headers });
    expect(job?.state).toBe(Job_State.SUCCEEDED);
  }
});

test("a call by gRPC with a deadline of milliseconds ends with DeadlineExceeded", async () => {
  const client = createClient(JobService, createGrpcTransport({ baseUrl: hearth.url }));
  const spec = { binary: "jobs", entryPoint: "stays", context: "times", timeout: { seconds: 5n } };

  const refusal = await client.runJob({ job: spec }, { headers: { "grpc-timeout": "100m" } }).catch(ConnectError.from);

  expect((refusal as ConnectError).code).toBe(Code.DeadlineExceeded);
});

test("a call by REST may have a deadline of months", async () => {
  const response = await fetch(`${hearth.url}/v1/jobs:run?waitTimeout=${NINETY_DAYS}`, {
    method: "POST",
    headers: { "content-type": "application/json", "connect-timeout-ms": "9999999999" },
    body: JSON.stringify(soon().job),
  });

  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ result: "soon" });
});

test("a job may have a timeout and a grace period of months", async () => {
  const spec = { ...soon().job, timeout: NINETY_DAYS, gracePeriod: NINETY_DAYS };

  expect((await rest.run(spec)).result).toBe("soon");

  expect((await rest.run({ ...spec, entryPoint: "stays", timeout: "0.05s" })).result).toBe("left");
});

test("the next attempt of a job may be due in months", async () => {
  const spec = { binary: "jobs", entryPoint: "throws", context: "times", maxAttempts: 3, retryDelay: NINETY_DAYS };
  const { id } = await rest.submit(spec);

  let due: Timestamp | undefined;
  await until("the job waits for its next attempt", async () => {
    ({ nextAttemptTime: due } = await rest.job(id));
    return due !== undefined;
  });

  const delayMs = timestampMs(due as Timestamp) - Date.now();
  expect(delayMs).toBeGreaterThan(89 * DAY_MS);
  expect(delayMs).toBeLessThanOrEqual(90 * DAY_MS);
  await rest.call("POST", `/v1/jobs/${id}:cancel`, {});
});

test.each([
  ["awaits what does not come", "await new Promise(() => {});"],
  ["reads without end", "for await (const _ of { [Symbol.asyncIterator]: () => ({ next: async () => ({}) }) });"],
  ["loops", "for (;;);"],
])("a job without a timeout whose module %s fails and leaves its slot", async (_, code) => {
  const name = `hanging-${crypto.randomUUID()}`;
  await rest.createContext(name, { maxJobsPerContext: 1 });
  await rest.upload(name, `${code}\nexport const job = () => 1;`);

  const { job } = await rest.run({ binary: name, context: name, gracePeriod: NINETY_DAYS });

  expect(job).toMatchObject({
    state: Job_State.FAILED,
    error: {
      reason: JobError_Reason.DEADLINE_EXCEEDED,
      message:
        "The job was not loaded within 1500 ms, which is all that its node allows (node.loadTimeoutMs); it did not stop by itself and its executor was terminated",
    },
  });
  expect((await rest.run({ ...soon().job, context: name })).result).toBe("soon");
});
