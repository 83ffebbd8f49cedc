import { once } from "node:events";
import { connect } from "node:http2";
import { text } from "node:stream/consumers";
import { type DescService, getOption } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as proto from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

let hearth: Hearth;
let rest: Rest;

beforeAll(async () => {
  hearth = await startHearth({ nodes: 0 });
  rest = createRest(hearth.url);
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

describe("/openapi.json", () => {
  test("has every method of every service with its permission", async () => {
    const response = await fetch(`${hearth.url}/openapi.json`);
    const { info, paths } = (await response.json()) as OpenApi;
    expect(response.status).toBe(200);
    expect(info).toMatchObject({ title: "Hearth", version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    const told = new Map(
      Object.values(paths)
        .flatMap((path) => Object.values(path))
        .map((operation) => [operation.operationId, operation["x-hearth-permission"]]),
    );
    const methods = Object.values<unknown>(proto)
      .filter(isService)
      .filter(({ typeName }) => typeName.startsWith("hearth.v1."))
      .flatMap((service) => service.methods);
    expect(methods.length).toBeGreaterThan(20);
    for (const method of methods) {
      const id = `${method.parent.name}_${method.name}`;
      expect([id, told.get(id)]).toEqual([id, getOption(method, proto.permission)]);
    }
  });

  test("describes every operation, parameter, schema and property", async () => {
    const response = await fetch(`${hearth.url}/openapi.json`);
    const { paths, components, tags } = (await response.json()) as OpenApi;
    const operations = Object.values(paths).flatMap((path) => Object.values(path));
    const named = [
      ...operations.map(({ operationId, ...each }) => [operationId, each] as const),
      ...Object.entries(components.schemas),
    ];
    const silent = named.flatMap(([name, { description, parameters = [], properties = {} }]) => [
      ...(description ? [] : [name]),
      ...parameters.filter((each) => !each.description).map((each) => `${name}(${each.name})`),
      ...Object.entries(properties)
        .filter(([, each]) => !each.description)
        .map(([property]) => `${name}.${property}`),
    ]);
    expect(silent).toEqual([]);
    expect(tags.filter((tag) => !tag.description)).toEqual([]);
  });

  test("has no credentials when the gateway needs none", async () => {
    const response = await fetch(`${hearth.url}/openapi.json`);
    expect(await response.json()).toMatchObject({
      openapi: "3.1.0",
      info: { license: { identifier: "Apache-2.0" } },
      servers: [{ url: "/" }],
      security: [],
    });
  });

  test("answers HEAD without a body", async () => {
    const response = await fetch(`${hearth.url}/openapi.json`, { method: "HEAD" });
    expect({ status: response.status, body: await response.text() }).toEqual({ status: 200, body: "" });
  });
});

interface OpenApi {
  readonly info: object;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Described>> };
  readonly tags: readonly Described[];
}

interface Described {
  readonly description?: string;
  readonly parameters?: readonly { readonly name: string; readonly description?: string }[];
  readonly properties?: Readonly<Record<string, Described>>;
}

interface Operation extends Described {
  readonly operationId: string;
  readonly "x-hearth-permission": string;
}

function isService(value: unknown): value is DescService {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "service";
}

describe("an unknown path", () => {
  const notFound = (path: string) => ({
    code: "not_found",
    message: `Cannot route "${path}": no such path; the routes are listed under /openapi.json`,
    details: [expect.objectContaining({ type: "google.rpc.ErrorInfo" })],
  });

  test.each([
    ["GET", "/v1/nothing"],
    ["POST", "/v1/jobs/x/y/z"],
    ["PUT", "/nothing"],
    ["GET", "/v1/%zz"],
  ])("is Connect's JSON error with 404 over HTTP/1.1: %s %s", async (method, path) => {
    const { status, headers, body } = await rest.call(method, path, method === "GET" ? undefined : {});
    expect({ status, type: headers.get("content-type"), body }).toEqual({
      status: 404,
      type: "application/json",
      body: notFound(path),
    });
  });

  test("is the same over HTTP/2", async () => {
    const session = connect(hearth.url);
    const stream = session.request({ ":path": "/v1/nothing?a=b" });
    const [head] = await once(stream, "response");
    const body: unknown = JSON.parse(await text(stream));
    session.close();
    expect({ status: head[":status"], type: head["content-type"], body }).toEqual({
      status: 404,
      type: "application/json",
      body: notFound("/v1/nothing"),
    });
  });

  test("is Unimplemented to gRPC", async () => {
    const client = createClient(proto.AuditService, createGrpcTransport({ baseUrl: `${hearth.url}/nowhere` }));
    await expect(client.listAuditEntries({})).rejects.toThrow("[unimplemented] Cannot route");
    const grpc = createClient(
      proto.AuditService,
      createGrpcWebTransport({ baseUrl: `${hearth.url}/nowhere`, httpVersion: "1.1" }),
    );
    await expect(grpc.listAuditEntries({})).rejects.toThrow("[unimplemented] Cannot route");
  });
});

describe("an unsupported HTTP method gets an error that lists the supported ones", () => {
  test.each<[string, string, string | undefined, number, string, string]>([
    ["POST", "RunJob", undefined, 415, "invalid_argument", ': its content-type is none; send "application/json"'],
    [
      "POST",
      "RunJob",
      "text/plain",
      415,
      "invalid_argument",
      ': its content-type is "text/plain"; send "application/json"',
    ],
    [
      "POST",
      "WatchJob",
      "application/json",
      415,
      "invalid_argument",
      ': its content-type is "application/json"; send "application/connect+json"',
    ],
    ["GET", "RunJob", undefined, 405, "unimplemented", " by GET: send POST"],
    ["PUT", "RunJob", "application/json", 405, "unimplemented", " by PUT: send POST"],
  ])("%s %s with content-type %s is %i", async (method, name, contentType, status, code, why) => {
    const response = await fetch(`${hearth.url}/hearth.v1.JobService/${name}?a=b`, {
      method,
      headers: contentType === undefined ? {} : { "content-type": contentType },
      ...(method !== "GET" && { body: Buffer.from("{}") }),
    });
    const body: unknown = await response.json();
    expect({ status: response.status, type: response.headers.get("content-type"), body }).toMatchObject({
      status,
      type: "application/json",
      body: { code, message: `Cannot call "hearth.v1.JobService/${name}"${why}` },
    });
  });

  test("HEAD has no body", async () => {
    const response = await fetch(`${hearth.url}/hearth.v1.JobService/RunJob`, { method: "HEAD" });
    expect({ status: response.status, text: await response.text() }).toEqual({ status: 405, text: "" });
  });
});

describe("downloads are not rendered as pages of the gateway", () => {
  const headersOf = async (path: string) => {
    const { status, headers } = await fetch(hearth.url + path);
    return {
      status,
      type: headers.get("content-type"),
      options: headers.get("x-content-type-options"),
      disposition: headers.get("content-disposition"),
    };
  };

  test.each([
    ["text/html; charset=utf-8", "attachment"],
    ["image/svg+xml", "attachment"],
    ["text/plain", null],
  ])("a data file of type %s", async (type, disposition) => {
    const file = `/v1/data/page`;
    await fetch(hearth.url + file, {
      method: "PUT",
      body: "<script>alert(1)</script>",
      headers: { "content-type": type },
    });
    expect(await headersOf(file)).toEqual({ status: 200, type, options: "nosniff", disposition });
  });

  test("a binary", async () => {
    await rest.upload("page", "export const page = () => 1;");
    expect(await headersOf("/v1/binaries/page:download")).toEqual({
      status: 200,
      type: "application/octet-stream",
      options: "nosniff",
      disposition: null,
    });
  });
});
