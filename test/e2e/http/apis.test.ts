import { join } from "node:path";
import { toJson } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { credentials, loadPackageDefinition, type ServiceError } from "@grpc/grpc-js";
import { load } from "@grpc/proto-loader";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { JobService } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

const WORD_COUNT = `
import type { Job } from "hearth";

export const WordCount: Job<{ input: { string: string } }, Record<string, number>> = {
  validate: ({ config }) => (config.input?.string ? [] : ["No input.string config param"]),
  run({ config, progress }) {
    const counts: Record<string, number> = {};
    for (const word of config.input.string.split(" ")) counts[word] = (counts[word] ?? 0) + 1;
    progress(1, "counted");
    return counts;
  },
};

export function Broken() {
  throw new TypeError("this job is broken");
}

export function Nothing() {}
`;

const SPEC = {
  binary: "words",
  entryPoint: "WordCount",
  context: "shared",
  config: { input: { string: "a b c a b see" } },
};
const COUNTS = { a: 2, b: 2, c: 1, see: 1 };

let hearth: Hearth;
let rest: Rest;

beforeAll(async () => {
  hearth = await startHearth();
  rest = createRest(hearth.url);
  await rest.upload("words", WORD_COUNT);
  await rest.createContext("shared");
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

/** A gRPC client of another language knows no more than the .proto files. */
async function loadClient() {
  const root = join(import.meta.dirname, "../../../proto");
  const definition = await load("hearth/v1/job_service.proto", {
    includeDirs: [root, join(root, "vendor")],
    enums: String,
    longs: Number,
  });
  // biome-ignore lint/suspicious/noExplicitAny: proto-loader knows types at run time only.
  const { hearth: packages } = loadPackageDefinition(definition) as any;
  return new packages.v1.JobService(new URL(hearth.url).host, credentials.createInsecure());
}

/** A JSON value as the fields of google.protobuf.Struct, which proto-loader leaves to its callers. */
function toStruct(value: object): object {
  return { fields: Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toValue(item)])) };
}

function toValue(value: unknown): object {
  return typeof value === "object" && value !== null ? { structValue: toStruct(value) } : { stringValue: value };
}

function callGrpc<Answer>(
  client: Awaited<ReturnType<typeof loadClient>>,
  method: string,
  request: object,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    client[method](request, (error: ServiceError | null, answer: Answer) => (error ? reject(error) : resolve(answer)));
  });
}

describe("every API runs the same job to the same result", () => {
  test("REST", async () => {
    const { job, result } = await rest.run(SPEC);
    expect(job).toMatchObject({ binary: "words", context: "shared", attempt: 1 });
    expect(result).toEqual(COUNTS);
  });

  const transports: [string, () => Transport][] = [
    ["Connect over HTTP/1.1", () => createConnectTransport({ baseUrl: hearth.url, httpVersion: "1.1" })],
    ["Connect over HTTP/2", () => createConnectTransport({ baseUrl: hearth.url, httpVersion: "2" })],
    ["gRPC", () => createGrpcTransport({ baseUrl: hearth.url })],
    ["gRPC-Web over HTTP/1.1", () => createGrpcWebTransport({ baseUrl: hearth.url, httpVersion: "1.1" })],
  ];

  test.each(transports)("%s", async (_, createTransport) => {
    const client = createClient(JobService, createTransport());
    const { job, result } = await client.runJob({ job: SPEC });
    expect(job).toMatchObject({ binary: "words", context: "shared", attempt: 1 });
    expect(result && toJson(ValueSchema, result)).toEqual(COUNTS);
    const events: (string | undefined)[] = [];
    for await (const { event } of client.watchJob({ jobId: job?.id ?? "" })) events.push(event.case);
    // One that ends at once has its end only.
    expect(["succeeded", "running,succeeded"]).toContain(events.join());
  });

  test("gRPC by grpc-js from the .proto files alone", async () => {
    const client = await loadClient();
    const answer = await callGrpc<{ job: { state: string }; result: object }>(client, "RunJob", {
      job: { ...SPEC, config: toStruct(SPEC.config) },
    });
    client.close();
    expect(answer.job.state).toBe("SUCCEEDED");
    expect(answer.result).toMatchObject({ structValue: { fields: { a: { numberValue: 2 } } } });
  });

  test("spark-jobserver's REST", async () => {
    const response = await fetch(`${hearth.url}/jobs?appName=words&classPath=WordCount&context=shared&sync=true`, {
      method: "POST",
      body: "input.string = a b c a b see",
    });
    expect(await response.json()).toMatchObject({ result: COUNTS });
  });
});

test("events of a job are published on NATS in order, as CloudEvents", async () => {
  const nats = await connect({ servers: hearth.natsUrl });
  const subscription = nats.subscribe("hearth.v1.jobs.>");
  await nats.flush();
  const { job } = await rest.run(SPEC);
  const seen: { subject: string; id: string; type: string; payload: unknown }[] = [];
  for await (const message of subscription) {
    if (!message.subject.includes(job.id)) continue;
    const header = (name: string) => message.headers?.get(name) ?? "";
    seen.push({ subject: message.subject, id: header("ce-id"), type: header("ce-type"), payload: message.json() });
    if (message.subject.endsWith(".succeeded")) break;
  }
  await nats.close();
  const types = seen.map(({ subject }) => subject.split(".").at(-1));
  expect(["succeeded", "running,succeeded"]).toContain(types.join());
  expect(seen.map(({ id }) => id)).toEqual(types.map((_, n) => `${job.id}/1/${n + 1}`));
  expect(seen.at(-1)).toMatchObject({
    type: "hearth.v1.job.succeeded",
    payload: { jobId: job.id, lastProgress: { fraction: 1, message: "counted" }, succeeded: { value: COUNTS } },
  });
});

test("the result of a job that returns nothing is null on every API, and absent in the response of a run", async () => {
  const { job, result } = await rest.run({ ...SPEC, entryPoint: "Nothing" });
  expect(result).toBeUndefined();
  const response = await fetch(`${hearth.url}/v1/jobs/${job.id}/result`);
  expect({ type: response.headers.get("content-type"), text: await response.text() }).toEqual({
    type: "application/json",
    text: "null",
  });
  for (const transport of [
    createConnectTransport({ baseUrl: hearth.url, httpVersion: "1.1", useBinaryFormat: false }),
    createGrpcTransport({ baseUrl: hearth.url }),
    createGrpcWebTransport({ baseUrl: hearth.url, httpVersion: "1.1" }),
  ]) {
    const bodies = await Array.fromAsync(createClient(JobService, transport).getJobResult({ jobId: job.id }));
    expect(bodies[0]?.contentType).toBe("application/json");
    expect(Buffer.concat(bodies.map(({ data }) => data)).toString()).toBe("null");
  }
});

describe("every API returns the same error", () => {
  const unknown = { ...SPEC, binary: "nothing" };

  test("REST: 404 and Connect's JSON error", async () => {
    const { status, body } = await rest.call("POST", "/v1/jobs:run", unknown);
    expect({ status, body }).toMatchObject({
      status: 404,
      body: { code: "not_found", message: expect.stringContaining('"nothing"') },
    });
  });

  test("Connect, gRPC and gRPC-Web: not_found", async () => {
    for (const transport of [
      createConnectTransport({ baseUrl: hearth.url, httpVersion: "1.1" }),
      createGrpcTransport({ baseUrl: hearth.url }),
      createGrpcWebTransport({ baseUrl: hearth.url, httpVersion: "2" }),
    ]) {
      await expect(createClient(JobService, transport).runJob({ job: unknown })).rejects.toThrow(
        '[not_found] Cannot find binary "nothing"',
      );
    }
  });

  test("a job that throws returns its error with the author's own line in the stack", async () => {
    const { job } = await rest.run({ ...SPEC, entryPoint: "Broken" });
    expect(job.error).toMatchObject({ name: "TypeError", message: "this job is broken" });
    expect(job.error?.stack).toContain("main.ts:15");
  });
});
