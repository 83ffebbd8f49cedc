import { afterAll, beforeAll, expect, test } from "vitest";
import { Job_State, JobError_Reason } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

const JOBS = `
/** Yields a value, then one more for each data file that it waits for. */
export async function* step({ config, data, signal }) {
  yield { first: true };
  for (const file of config.files) {
    while (!(await data.list()).includes(file)) {
      signal.throwIfAborted();
      await new Promise((go) => setTimeout(go, 20));
    }
    yield file;
  }
}
export async function* count({ config }) {
  for (let n = 0; n < config.count; n++) yield n;
}
export const bytes = ({ config }) => ReadableStream.from((function* () {
  for (let n = 0; n < config.parts; n++) yield new Uint8Array(100_000).fill(n);
})());
export const wait = ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
`;

const NEEDY = `export const manifest = { permissions: { net: ["api.example.com:443"] } }; export const job = () => 1;`;

let hearth: Hearth;
let rest: Rest;

beforeAll(async () => {
  hearth = await startHearth({ gateways: 2, config: { node: { maxResultBytes: 6_000_000 } } });
  rest = createRest(hearth.url);
  await Promise.all([rest.upload("jobs", JOBS), rest.upload("needy", NEEDY), rest.createContext("warm")]);
});

afterAll(() => hearth[Symbol.asyncDispose]());

async function submit(entryPoint: string, config: object = {}): Promise<string> {
  return (await rest.submit({ binary: "jobs", entryPoint, context: "warm", config })).id;
}

function readResult(jobId: string, url = hearth.url): Promise<Response> {
  return fetch(`${url}/v1/jobs/${jobId}/result`);
}

/** The result once the job has begun it. */
async function followResult(jobId: string, url = hearth.url): Promise<Response> {
  for (;;) {
    const response = await readResult(jobId, url);
    if (response.status !== 400) return response;
  }
}

test("a streamed result is readable through any gateway while the job runs and afterwards", async () => {
  const id = await submit("step", { files: ["one", "two"] });
  const followed = await Promise.all(hearth.urls.map((url) => followResult(id, url)));
  const readers = followed.map(({ status, headers, body }) => {
    expect([status, headers.get("content-type")]).toEqual([200, "application/json"]);
    return (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
  });
  /** As much of it as is long; what comes after that is not made yet. */
  const next = (length: number) =>
    Promise.all(
      readers.map(async (reader) => {
        let text = "";
        while (text.length < length) text += (await reader.read()).value;
        return text;
      }),
    );
  const twice = (text: string) => [text, text];
  expect(await next('[{"first":true}'.length)).toEqual(twice('[{"first":true}'));
  expect((await rest.job(id)).state).toBe(Job_State.RUNNING);
  await rest.call("PUT", "/v1/data/one", "x");
  expect(await next(',"one"'.length)).toEqual(twice(',"one"'));
  await rest.call("PUT", "/v1/data/two", "x");
  const ends = await Promise.all(
    readers.map(async (reader) => {
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return text;
        text += value;
      }
    }),
  );
  expect(ends).toEqual(twice(',"two"]'));
  await rest.untilState(id, Job_State.SUCCEEDED);
  expect(await (await readResult(id)).json()).toEqual([{ first: true }, "one", "two"]);
  expect((await rest.job(id)).result).toMatchObject({ mediaType: "application/json", digest: "" });
});

test.for([0, 10, 19_000])("RunJob answers a streamed array of %d numbers", async (count) => {
  const { job, result } = await rest.run({ binary: "jobs", entryPoint: "count", context: "warm", config: { count } });
  expect(job.state).toBe(Job_State.SUCCEEDED);
  expect(result).toEqual(Array.from({ length: count }, (_, n) => n));
  expect(await (await readResult(job.id)).json()).toEqual(result);
});

test("RunJob omits an array with too many numbers to be inline, and GetJobResult streams it", async () => {
  const config = { count: 100_000 };
  const { job, result } = await rest.run({ binary: "jobs", entryPoint: "count", context: "warm", config });
  expect(job.state).toBe(Job_State.SUCCEEDED);
  expect(result).toBeUndefined();
  expect(await (await readResult(job.id)).json()).toHaveLength(100_000);
});

test("GetJobResult returns bytes unchanged, and RunJob omits them", async () => {
  const config = { parts: 50 };
  const { job, result } = await rest.run({ binary: "jobs", entryPoint: "bytes", context: "warm", config });
  expect(result).toBeUndefined();
  expect(job.result).toMatchObject({ mediaType: "application/octet-stream", sizeBytes: 5_000_000n });
  const response = await readResult(job.id);
  expect(response.headers.get("content-type")).toBe("application/octet-stream");
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect(bytes.length).toBe(5_000_000);
  expect(bytes.findIndex((byte, index) => byte !== Math.floor(index / 100_000))).toBe(-1);
});

test("spark-jobserver's API returns streamed results of ended jobs", async () => {
  const array = await submit("count", { count: 50_000 });
  const bytes = await submit("bytes", { parts: 3 });
  await Promise.all([array, bytes].map((id) => rest.untilState(id, Job_State.SUCCEEDED)));
  const report = async (id: string) => (await rest.call("GET", `/jobs/${id}`)).body;
  expect(await report(array)).toMatchObject({ result: Array.from({ length: 50_000 }, (_, n) => n) });
  const content = Buffer.concat([0, 1, 2].map((value) => Buffer.alloc(100_000, value)));
  expect(await report(bytes)).toMatchObject({ result: content.toString("base64") });
});

test("a job that is cancelled while it streams is CANCELLED, and its readers get an error", async () => {
  const id = await submit("step", { files: ["never"] });
  const reader = ((await followResult(id)).body ?? new ReadableStream()).getReader();
  await reader.read();
  expect(await rest.call("POST", `/v1/jobs/${id}:cancel`, {})).toMatchObject({ status: 200 });
  await expect(reader.read()).rejects.toThrow();
  expect(await rest.job(id)).toMatchObject({
    state: Job_State.CANCELLED,
    error: { reason: JobError_Reason.CANCELLED },
  });
  expect((await readResult(id)).status).toBe(400);
});

test("a streamed result over the limit fails the job", async () => {
  const { job } = await rest.run({ binary: "jobs", entryPoint: "bytes", context: "warm", config: { parts: 100 } });
  expect(job).toMatchObject({
    state: Job_State.FAILED,
    error: {
      reason: JobError_Reason.RESULT_TOO_LARGE,
      message: "The result has more than 6000000 bytes, which is the most that a job may return",
    },
  });
});

test("GetJobResult fails for a job that has not begun a result", async () => {
  const id = await submit("wait");
  await rest.untilState(id, Job_State.RUNNING);
  expect(await rest.call("GET", `/v1/jobs/${id}/result`)).toMatchObject({
    status: 400,
    body: { message: `Cannot answer the result of job "${id}": it is RUNNING, not SUCCEEDED` },
  });
  await rest.call("POST", `/v1/jobs/${id}:cancel`, {});
});

test("a job that declares more needs than its context grants is REJECTED", async () => {
  const { job } = await rest.run({ binary: "needy", context: "warm" });
  expect(job).toMatchObject({
    state: Job_State.REJECTED,
    error: {
      reason: JobError_Reason.PERMISSION_DENIED,
      message: expect.stringContaining('{"permissions":{"net":["api.example.com:443"]}}'),
    },
  });
  expect(job.startTime).toBeUndefined();
  const contextSettings = { permissions: { net: ["api.example.com:443"] } };
  expect((await rest.run({ binary: "needy", contextSettings })).result).toBe(1);
});

test("reading a streamed result fails when the job's node dies", async () => {
  await using own = await startHearth();
  const client = createRest(own.url);
  await client.upload("jobs", JOBS);
  const { id } = await client.submit({ binary: "jobs", entryPoint: "step", config: { files: ["never"] } });
  const reader = ((await followResult(id, own.url)).body ?? new ReadableStream()).getReader();
  await reader.read();
  process.kill(own.nodes[0]?.pid ?? 0, "SIGKILL");
  await expect(reader.read()).rejects.toThrow();
});
