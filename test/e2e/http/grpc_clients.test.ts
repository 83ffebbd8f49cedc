import { resolve } from "node:path";
import {
  createFileRegistry,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import {
  AnySchema,
  anyUnpack,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { type Client, credentials, loadPackageDefinition, type ServiceError } from "@grpc/grpc-js";
import { type AnyDefinition, loadSync } from "@grpc/proto-loader";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

const PROTO = resolve(import.meta.dirname, "../../../proto");

const JOBS = `
export const Text = ({ config }) => config.character.repeat(config.length);
export const Throws = ({ config }) => { throw new Error("€".repeat(config.length)); };
export function Chatty({ config, log }) {
  for (let line = 0; line < 60; line++) log.info("x".repeat(16_000));
  throw new Error("again");
}`;

// A program that others wrote: clients of grpc-js as they are without options, and protos that are loaded when it runs.
// biome-ignore lint/suspicious/noExplicitAny: what a client without generated types has
type Message = any;
type Unary = (request: object) => Promise<Message>;

let hearth: Hearth;
let rest: Rest;
let jobs: Client;

beforeAll(async () => {
  hearth = await startHearth();
  rest = createRest(hearth.url);
  jobs = openClient("hearth/v1/job_service.proto", ["hearth", "v1", "JobService"]);
  await Promise.all([rest.upload("jobs", JOBS), rest.createContext("warm")]);
});

afterAll(async () => {
  jobs?.close();
  await hearth?.[Symbol.asyncDispose]();
});

function openClient(file: string, path: readonly string[]): Client {
  const loaded = loadSync(file, {
    includeDirs: [PROTO, `${PROTO}/vendor`],
    longs: String,
    enums: String,
    defaults: true,
  });
  let found: Message = loadPackageDefinition(loaded as Record<string, AnyDefinition>);
  for (const name of path) found = found[name];
  return new found(new URL(hearth.url).host, credentials.createInsecure());
}

/** A unary method of the job service. */
function method(name: string): Unary {
  const call = (jobs as Message)[name].bind(jobs);
  return (request) =>
    new Promise((done, fail) =>
      call(request, (error: unknown, answer: Message) => (error ? fail(error) : done(answer))),
    );
}

async function collect(stream: AsyncIterable<Message>): Promise<Message[]> {
  return Array.fromAsync(stream);
}

function spec(entryPoint: string, config: JsonValue, more: object = {}) {
  const { structValue } = toJsonOfLoader(config);
  return { binary: "jobs", entryPoint, context: "warm", config: structValue, ...more };
}

/** A `google.protobuf.Value` as proto-loader takes it. */
function toJsonOfLoader(json: JsonValue): Message {
  if (typeof json === "string") return { stringValue: json };
  if (typeof json === "number") return { numberValue: json };
  const entries = Object.entries(json as Record<string, JsonValue>);
  return { structValue: { fields: Object.fromEntries(entries.map(([name, value]) => [name, toJsonOfLoader(value)])) } };
}

const LIMIT = 4 * 1024 * 1024;

describe("a gRPC client with a message limit of 4 MiB", () => {
  test("gets the job of a run without a result that would make the message too large, and where to read it", async () => {
    const length = LIMIT - 200;
    const { job, result, resultOmitted } = await method("RunJob")({ job: spec("Text", { character: "x", length }) });
    expect(job).toMatchObject({ state: "SUCCEEDED", result: { sizeBytes: String(length + 2) } });
    expect(result).toBeNull();
    expect(resultOmitted).toBe(
      `The result of ${length + 2} bytes is left out: a response has at most 4 MiB. GetJobResult streams it, over REST GET /v1/jobs/${job.id}/result`,
    );
    const chunks = await collect((jobs as Message).GetJobResult({ jobId: job.id }));
    expect(Buffer.concat(chunks.map(({ data }) => data)).toString()).toBe(`"${"x".repeat(length)}"`);
  });

  test("gets a result that just fits", async () => {
    const length = LIMIT - 2048;
    const { result, resultOmitted } = await method("RunJob")({ job: spec("Text", { character: "x", length }) });
    expect({ length: result.stringValue.length, resultOmitted }).toEqual({ length, resultOmitted: "" });
  });

  test("lists all jobs with large errors in pages that end early", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 60; count++) {
      const { job } = await method("RunJob")({
        job: spec("Throws", { length: 16_000 }, { labels: { kind: "large" } }),
      });
      ids.push(job.id);
    }
    const listed: string[] = [];
    for (let pageToken = ""; ; ) {
      const page = await method("ListJobs")({ pageSize: 1000, pageToken, states: ["FAILED"], binary: "jobs" });
      listed.push(...page.jobs.filter((job: Message) => job.labels.kind === "large").map(({ id }: Message) => id));
      pageToken = page.nextPageToken;
      if (pageToken === "") break;
    }
    expect(listed.toReversed()).toEqual(ids);
  });

  test("lists the long log of a job with many attempts in pages that end early", async () => {
    const retry = { maxAttempts: 6, retryDelay: { nanos: 1_000_000 } };
    const { job } = await method("RunJob")({ job: spec("Chatty", {}, retry) });
    const counts: number[] = [];
    for (let pageToken = ""; ; ) {
      const page = await method("ListJobLogs")({ jobId: job.id, pageSize: 10_000, pageToken });
      counts.push(page.lines.length);
      pageToken = page.nextPageToken;
      if (pageToken === "") break;
    }
    expect(counts.length).toBeGreaterThan(1);
    expect(counts.reduce((sum, count) => sum + count)).toBe(6 * 60);
  });

  test("gets a job without a config that would make the message too large, and where to read it", async () => {
    // A number has 2 bytes of JSON and 11 of a message.
    const numbers = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`n${index}`, index]));
    const config = { ...numbers, text: "x".repeat(LIMIT - 80_000), character: "x", length: 1 };
    const job = await method("SubmitJob")({ job: spec("Text", config) });
    await expect(method("GetJobConfig")({ jobId: job.id })).rejects.toMatchObject({
      code: 9,
      details: expect.stringContaining(`read it over REST: GET /v1/jobs/${job.id}/config`),
    });
    expect((await rest.call("GET", `/v1/jobs/${job.id}/config`)).body).toEqual(config);
  });

  test("is refused a program whose entry points would make each list of binaries too large", async () => {
    const names = Array.from(
      { length: 1000 },
      (_, index) => `export const ${"n".repeat(400)}${index} = () => ${index};`,
    );
    const { status, body } = await rest.call("PUT", "/v1/binaries/many", names.join("\n"));
    expect(status).toBe(400);
    expect(body).toMatchObject({
      message: expect.stringMatching(/^Cannot take binary "many": the names of its entry/),
    });
  });

  test("gets a truncated text of an error that would exceed the header limit", async () => {
    const error: ServiceError = await method("ListJobs")({ pageToken: "€".repeat(100_000) }).catch((thrown) => thrown);
    expect({ code: error.code, size: Buffer.byteLength(error.details) < 2048 }).toEqual({ code: 3, size: true });
  });
});

test("grpc-js reads the text of an error unchanged", async () => {
  const text = "50% of: a/b, ü €\n";
  const error: ServiceError = await method("ListJobs")({ pageToken: text }).catch((thrown) => thrown);
  expect(error.details).toBe(`Cannot read page token "${text}": it is not one that a list answered`);
});

describe.each(["v1", "v1alpha"])("reflection %s", (version) => {
  let reflection: Client;

  beforeAll(() => {
    reflection = openClient(`grpc/reflection/${version}/reflection.proto`, [
      "grpc",
      "reflection",
      version,
      "ServerReflection",
    ]);
  });
  afterAll(() => reflection?.close());

  async function ask(...requests: object[]): Promise<Message[]> {
    const stream = (reflection as Message).ServerReflectionInfo();
    for (const request of requests) stream.write(request);
    stream.end();
    return collect(stream);
  }

  function files({ fileDescriptorResponse }: Message): FileDescriptorProto[] {
    return fileDescriptorResponse.fileDescriptorProto.map((bytes: Uint8Array) =>
      fromBinary(FileDescriptorProtoSchema, bytes),
    );
  }

  /** The registry that a client makes of an answer. */
  function registryOf(answer: Message): FileRegistry {
    return createFileRegistry(
      fromJson(FileDescriptorSetSchema, {
        file: files(answer)
          .reverse()
          .map((file) => toJson(FileDescriptorProtoSchema, file)),
      }),
    );
  }

  test("knows the types of all error details", async () => {
    const call = method("GetJob")({ jobId: crypto.randomUUID() });
    const error: ServiceError = await call.then(
      () => Promise.reject(new Error("found")),
      (thrown) => thrown,
    );
    const [status] = error.metadata.get("grpc-status-details-bin");
    const [answer] = await ask({ fileContainingSymbol: "google.rpc.Status" });
    const statusRegistry = registryOf(answer);
    const schema = statusRegistry.getMessage("google.rpc.Status");
    if (schema === undefined) throw new Error("google.rpc.Status is not known");
    const { details }: Message = fromBinary(schema, status as Buffer);
    expect(details.length).toBeGreaterThan(0);
    for (const detail of details) {
      const any = fromBinary(AnySchema, toBinary(AnySchema, { $typeName: "google.protobuf.Any", ...detail }));
      const typeName = any.typeUrl.split("/").at(-1) ?? "";
      const [known] = await ask({ fileContainingSymbol: typeName });
      expect(anyUnpack(any, registryOf(known))).toMatchObject({ reason: "JOB_NOT_FOUND", domain: "hearth" });
    }
  });

  test.each([
    ["google.rpc.ErrorInfo", "google/rpc/error_details.proto"],
    ["google.rpc.BadRequest.FieldViolation", "google/rpc/error_details.proto"],
    ["google.rpc.RetryInfo", "google/rpc/error_details.proto"],
    ["google.rpc.QuotaFailure", "google/rpc/error_details.proto"],
    ["google.rpc.PreconditionFailure.violations", "google/rpc/error_details.proto"],
    ["google.rpc.Code", "google/rpc/code.proto"],
    ["google.rpc.RESOURCE_EXHAUSTED", "google/rpc/code.proto"],
    ["google.protobuf.Any", "google/protobuf/any.proto"],
    ["google.protobuf.Int64Value", "google/protobuf/wrappers.proto"],
    ["google.protobuf.FieldMask.paths", "google/protobuf/field_mask.proto"],
    ["google.protobuf.NULL_VALUE", "google/protobuf/struct.proto"],
    ["google.protobuf.FileDescriptorProto", "google/protobuf/descriptor.proto"],
    ["google.api.HttpBody", "google/api/httpbody.proto"],
    ["google.api.http", "google/api/annotations.proto"],
    ["hearth.v1.JobService", "hearth/v1/job_service.proto"],
    ["hearth.v1.JobService.RunJob", "hearth/v1/job_service.proto"],
    ["hearth.v1.Job.State", "hearth/v1/job.proto"],
    ["hearth.v1.Job.QUEUED", "hearth/v1/job.proto"],
    ["hearth.v1.JobEvent.event", "hearth/v1/event.proto"],
    ["hearth.v1.OBJECT_KIND_JOB", "hearth/v1/options.proto"],
    ["hearth.v1.permission", "hearth/v1/options.proto"],
  ])("finds %s in %s, with all that the file imports", async (symbol, name) => {
    const [bySymbol, byName] = await ask({ fileContainingSymbol: symbol }, { fileByFilename: name });
    const found = files(bySymbol);
    expect(found[0]?.name).toBe(name);
    const names = new Set(found.map((file) => file.name));
    expect(found.flatMap(({ dependency }) => dependency).filter((each) => !names.has(each))).toEqual([]);
    expect(files(byName)).toEqual(found);
  });

  test("finds extensions by their number, and lists the numbers of a type", async () => {
    const extension = { containingType: "google.protobuf.MethodOptions", extensionNumber: 50_801 };
    const [file, numbers, none] = await ask(
      { fileContainingExtension: extension },
      { allExtensionNumbersOfType: "google.protobuf.MethodOptions" },
      { allExtensionNumbersOfType: "hearth.v1.Job" },
    );
    expect(files(file)[0]?.name).toBe("hearth/v1/options.proto");
    expect(numbers.allExtensionNumbersResponse.extensionNumber).toEqual([50_801, 72_295_728]);
    expect(none.allExtensionNumbersResponse).toEqual({ baseTypeName: "hearth.v1.Job", extensionNumber: [] });
  });

  test.each([
    { fileContainingSymbol: "hearth.v1.Job.nothing" },
    { fileContainingSymbol: "hearth.v1" },
    { fileByFilename: "hearth/v1/nothing.proto" },
    { fileContainingExtension: { containingType: "hearth.v1.Job", extensionNumber: 7 } },
    { allExtensionNumbersOfType: "hearth.v1.Nothing" },
  ])("does not know %o, and answers what is asked next", async (request) => {
    const [unknown, known] = await ask(request, { listServices: "" });
    expect(unknown.errorResponse.errorCode).toBe(5);
    expect(known.listServicesResponse.service).toContainEqual({ name: "hearth.v1.JobService" });
  });
});
