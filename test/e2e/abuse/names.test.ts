import { existsSync, readdirSync } from "node:fs";
import http from "node:http";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { BinaryService, ContextService, DataService, JobService } from "../../../proto/mod.ts";
import { type AbusedHearth, startAbusedHearth } from "./abused_hearth.ts";

/** Names that leave the folder that they are in, as they stand in a path. */
const TRAVERSALS = [
  "..%2f..%2fevil",
  "%2e%2e%2fevil",
  "..%5c..%5cevil",
  "%2fetc%2fpasswd",
  "..",
  "%2e%2e",
  "a%00b",
  "....%2f%2fevil",
  "%c0%ae%c0%ae%c0%afevil",
  "..%252fevil",
];

let abused: AbusedHearth;
beforeAll(async () => {
  abused = await startAbusedHearth();
});
afterEach(() => abused.expectWell());
afterAll(() => abused?.[Symbol.asyncDispose]());

/** A request whose path no client library has tidied. */
function request(method: string, path: string, options: http.RequestOptions & { body?: string } = {}) {
  const { hostname, port } = new URL(abused.hearth.url);
  const { body, ...rest } = options;
  return new Promise<{ status: number; headers: http.IncomingHttpHeaders; body: string }>((resolve, reject) => {
    const sent = http.request({ hostname, port, method, path, agent: false, ...rest }, async (response) => {
      const chunks = await Array.fromAsync(response as AsyncIterable<Buffer>);
      const { statusCode: status = 0, headers } = response;
      resolve({ status, headers, body: Buffer.concat(chunks).toString() });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Names of everything below the data directory, and beside it. */
function written(): string[] {
  return readdirSync(abused.hearth.dataDir, { recursive: true, encoding: "utf8" });
}

/** Every route with a name in its path, of both REST APIs. */
const ROUTES: readonly [method: string, path: string, body?: string][] = [
  ["PUT", "/v1/binaries/", "export const x = () => 1;"],
  ["GET", "/v1/binaries/"],
  ["DELETE", "/v1/binaries/"],
  ["GET", "/v1/contexts/"],
  ["DELETE", "/v1/contexts/"],
  ["GET", "/v1/jobs/"],
  ["POST", "/binaries/", "export const x = () => 1;"],
  ["POST", "/jars/", "export const x = () => 1;"],
  ["GET", "/binaries/"],
  ["POST", "/contexts/"],
  ["DELETE", "/contexts/"],
  ["GET", "/jobs/"],
  ["DELETE", "/data/"],
  ["GET", "/html/"],
];

test.each(TRAVERSALS)("the name %s in a path is not found", async (name) => {
  for (const [method, path, body] of ROUTES) {
    const { status } = await request(method, path + name, {
      headers: path === "/binaries/" ? { "content-type": "application/typescript" } : {},
      ...(body && { body }),
    });
    expect([method, path, status]).toEqual([method, path, expect.toSatisfy((code) => code >= 400 && code < 500)]);
  }
  expect(written().filter((file) => file.includes("evil"))).toEqual([]);
});

test.each(TRAVERSALS)("a data file with the name %s stays in the store", async (name) => {
  // A slash that is escaped stays so: such a name is one of many letters, not a path.
  const { status } = await request("PUT", `/v1/data/${name}`, { body: "evil" });
  expect(status === 200 && name.toLowerCase().includes("%2")).toBe(status === 200);
  expect((await request("GET", `/v1/data/${name}`)).status).toSatisfy((code) =>
    status === 200 ? code === 200 : code === 400 || code === 404,
  );
  expect(written().filter((file) => file.includes("evil"))).toEqual([]);
  await request("DELETE", `/v1/data/${name}`);
});

test.each([
  "echo@..%2f..%2fevil",
  "echo@sha256:..%2f..%2fevil",
  `echo@sha256:${"0".repeat(60)}%2f..%2f`,
  `echo@sha256:${"%2e".repeat(64)}`,
  "echo@1%00",
  "echo@__proto__",
  "__proto__",
  "constructor",
])("the reference %s of a binary reads no file", async (reference) => {
  for (const path of [`/v1/binaries/${reference}`, `/v1/binaries/${reference}:download`]) {
    const { status } = await request("GET", path);
    expect([path, status]).toEqual([path, expect.toSatisfy((code) => code === 400 || code === 404)]);
  }
  const spec = JSON.stringify({ binary: decodeURIComponent(reference), entryPoint: "echo" });
  const headers = { "content-type": "application/json" };
  expect((await request("POST", "/v1/jobs", { headers, body: spec })).status).toSatisfy(
    (code) => code === 400 || code === 404,
  );
});

test("a prefix of a data file in spark-jobserver's API stays in the store", async () => {
  for (const name of ["..%2f..%2fevil", "a%5cevil", "%2ftmp%2fevil", "a%0d%0aevil"]) {
    const { status, body } = await request("POST", `/data/${name}`, { body: "x" });
    expect([status, JSON.parse(body).status]).toEqual([400, "ERROR"]);
  }
  expect(existsSync("/tmp/evil")).toBe(false);
  expect((await abused.rest.call("GET", "/v1/data")).body).toEqual({});
});

describe("gRPC refuses names that leave their folder", () => {
  const NAMES = ["../evil", "/etc/passwd", "a/../../evil", "..", ".", "a\\..\\evil", "a\0b", "a\r\nb", ""];
  let binaries: Client<typeof BinaryService>;
  let contexts: Client<typeof ContextService>;
  let files: Client<typeof DataService>;
  let jobs: Client<typeof JobService>;
  beforeAll(() => {
    const transport = createGrpcTransport({ baseUrl: abused.hearth.url });
    binaries = createClient(BinaryService, transport);
    contexts = createClient(ContextService, transport);
    files = createClient(DataService, transport);
    jobs = createClient(JobService, transport);
  });

  test.each(NAMES.map((name) => [JSON.stringify(name), name]))("%s", async (_, name) => {
    const content = { contentType: "", data: new TextEncoder().encode("export const x = () => 1;") };
    const calls: Record<string, () => Promise<unknown>> = {
      UploadBinary: () => binaries.uploadBinary({ name, content }),
      UploadFile: () => files.uploadFile({ name, content }),
      GetBinary: () => binaries.getBinary({ name }),
      DownloadBinary: () => binaries.downloadBinary({ name }),
      DownloadFile: () => Array.fromAsync(files.downloadFile({ name })),
      DeleteFile: () => files.deleteFile({ name }),
      GetJob: () => jobs.getJob({ jobId: name }),
      SubmitJob: () => jobs.submitJob({ job: { binary: name, entryPoint: "x" } }),
      CreateContext: () => contexts.createContext({ name }),
    };
    for (const [method, call] of Object.entries(calls)) {
      const error = await call().then(() => undefined, ConnectError.from);
      expect([method, Code[error?.code ?? 0]]).toEqual([method, expect.stringMatching(/^(InvalidArgument|NotFound)$/)]);
    }
    expect(written().filter((file) => file.includes("evil"))).toEqual([]);
  });
});

describe("headers cannot be injected", () => {
  test.each(["text/plain\r\nset-cookie: a=b", "text/plain\nx: y", "text/html\0", "text/\u{1f600}"])(
    "by the content type %j of an upload over gRPC",
    async (contentType) => {
      const files = createClient(DataService, createGrpcTransport({ baseUrl: abused.hearth.url }));
      const upload = files.uploadFile({ name: "typed", content: { contentType, data: new Uint8Array([1]) } });
      await expect(upload).rejects.toMatchObject({ code: Code.InvalidArgument });
    },
  );

  test.each(["a%0d%0aset-cookie:%20a=b", "a%0aset-cookie:%20a=b", "%22%3bfilename=evil.html%22"])(
    "by the name %s",
    async (name) => {
      for (const [method, path] of [
        ["PUT", `/v1/data/${name}`],
        ["GET", `/v1/data/${name}`],
        ["POST", `/data/${name}`],
        ["GET", `/binaries/${name}`],
        ["GET", `/${name}`],
      ] as const) {
        const { status, headers } = await request(method, path, method === "GET" ? {} : { body: "x" });
        expect(status).toBeLessThan(500);
        expect(headers["set-cookie"]).toBeUndefined();
      }
    },
  );

  test("by the origin or the headers that a browser asks for", async () => {
    const answer = await abused.say(
      "OPTIONS /jobs HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\norigin: http://a\rset-cookie: a=b\r\naccess-control-request-method: GET\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.toLowerCase()).not.toContain("set-cookie");
  });

  test("by request smuggling with two lengths, or with a length beside chunks", async () => {
    for (const framing of [
      "content-length: 5\r\ncontent-length: 60",
      "content-length: 5\r\ntransfer-encoding: chunked",
      "transfer-encoding: chunked, identity",
      "content-length: +5",
    ]) {
      const answer = await abused.say(
        `POST /v1/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n${framing}\r\n\r\n0\r\n\r\nGET /v1/contexts HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    }
  });
});

test("uploaded content is not executed by a browser that opens its URL", async () => {
  await request("PUT", "/v1/data/page.html", {
    headers: { "content-type": "text/html" },
    body: "<script>alert(1)</script>",
  });
  const { status, headers } = await request("GET", "/v1/data/page.html");
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    "x-content-type-options": "nosniff",
    "content-security-policy": expect.stringContaining("sandbox"),
  });
});
