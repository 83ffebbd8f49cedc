import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { dial, framed, head, sendAndClose } from "./raw_http.ts";

const MEBIBYTE = 1024 * 1024;
const LIMITS = { uploadBytes: 2 * MEBIBYTE, messageBytes: MEBIBYTE };
const PROGRAM = `
export const slow = () => new Promise((resolve) => setTimeout(resolve, 300, "slow"));
export const echo = ({ config }) => config;
`;
const JSON_TYPE = "content-type: application/json";
const SLOW = JSON.stringify({ binary: "http", entryPoint: "slow", context: "http" });

let hearth: Hearth;
let rest: Rest;

beforeAll(async () => {
  hearth = await startHearth({ config: { gateway: { limits: LIMITS } } });
  rest = createRest(hearth.url);
  await rest.upload("http", PROGRAM);
  await rest.createContext("http");
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

function sayAndClose(...parts: (string | Uint8Array)[]): Promise<string> {
  return sendAndClose(hearth.url, ...parts);
}

function post(path: string, body: string | Uint8Array, ...headers: string[]): string {
  return head(`POST ${path} HTTP/1.1`, `content-length: ${Buffer.byteLength(body)}`, ...headers) + body;
}

describe("a client that closes its half of the connection gets its whole response", () => {
  test.each([
    ["REST", () => post("/v1/jobs:run", SLOW, JSON_TYPE)],
    ["spark-jobserver's API", () => post("/jobs?appName=http&classPath=slow&context=http&sync=true", "")],
    ["Connect", () => post("/hearth.v1.JobService/RunJob", `{"job":${SLOW}}`, JSON_TYPE)],
    [
      "gRPC-Web",
      () => post("/hearth.v1.JobService/RunJob", framed(`{"job":${SLOW}}`), "content-type: application/grpc-web+json"),
    ],
  ])("while its job runs, by %s", async (_, request) => {
    expect(await sayAndClose(request())).toMatch(/^HTTP\/1\.1 200 [\s\S]*"slow"/);
  });

  test("of a stream", async () => {
    const { id } = await rest.submit({ binary: "http", entryPoint: "slow", context: "http" });
    const watched = await sayAndClose(head(`GET /v1/jobs/${id}/events HTTP/1.1`, "accept: text/event-stream"));
    expect(watched).toMatch(/^HTTP\/1\.1 200 [\s\S]*event: succeeded[\s\S]*\r\n0\r\n\r\n$/);
  });
});

describe("HTTP/1.0 without a header Host", () => {
  test.each([
    ["/healthz", ""],
    ["/metrics", ""],
    ["/v1/jobs", ""],
    ["/jobs", ""],
    ["/openapi.json", ""],
    ["/hearth.v1.JobService/ListJobs", "{}"],
  ])("gets a response without chunks, and the connection closes: %s", async (path, body) => {
    const line = body === "" ? `GET ${path}` : `POST ${path}`;
    const answer = await sayAndClose(
      `${line} HTTP/1.0\r\n${JSON_TYPE}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).not.toMatch(/transfer-encoding: chunked/i);
    expect(answer).toMatch(/connection: close/i);
  });

  test("keeps its connection with keep-alive when the length is known", async () => {
    const request = `GET /v1/nodes HTTP/1.0\r\nconnection: keep-alive\r\n\r\n`;
    const answer = await sayAndClose(request, request);
    expect(answer.split("HTTP/1.1 200").length - 1).toBe(2);
  });
});

describe("a request target", () => {
  test.each([
    ["http://localhost/healthz", 200],
    ["http://localhost/v1/jobs?page_size=1", 200],
    ["http://localhost/jobs?limit=1", 200],
    ["http://localhost/openapi.json?", 200],
    ["http://localhost/hearth.v1.JobService/ListJobs?connect=v1&encoding=json&message=%7B%7D", 200],
    ["http://localhost", 200],
    ["http://localhost?a=b", 200],
    ["/healthz?", 200],
    ["/v1/jobs?", 200],
    ["/%68ealthz", 200],
    ["/v1/%6aobs", 200],
    ["/%6Aobs", 200],
    ["/openapi%2Ejson", 200],
    ["/hearth%2ev1.JobService/%4cistJobs?connect=v1&encoding=json&message=%7B%7D", 200],
    ["//v1/jobs", 404],
    ["//healthz", 404],
    ["//openapi.json", 404],
    ["//hearth.v1.JobService/ListJobs", 404],
    ["/v1/%zz", 404],
    ["http://elsewhere/healthz", 400],
    ["*", 400],
  ])("%s is answered %i", async (target, status) => {
    expect(await sayAndClose(head(`GET ${target} HTTP/1.1`))).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  test.each(["*", "http://localhost"])("%s returns the options of the server", async (target) => {
    expect(await sayAndClose(head(`OPTIONS ${target} HTTP/1.1`))).toMatch(
      /^HTTP\/1\.1 204 [\s\S]*\r\nallow: GET, HEAD, /i,
    );
  });

  test("of CONNECT is refused", async () => {
    expect(await sayAndClose("CONNECT localhost:22 HTTP/1.1\r\nhost: localhost:22\r\n\r\n")).toMatch(
      /^HTTP\/1\.1 405 [\s\S]*Allow: /,
    );
  });
});

describe("Expect", () => {
  test.each([
    ["PUT /v1/data/x HTTP/1.1", "content-length: 3000000", 413],
    ["POST /data/x HTTP/1.1", "content-length: 3000000", 413],
    ["PUT /nowhere HTTP/1.1", "content-length: 10", 404],
    ["PATCH /v1/jobs HTTP/1.1", "content-length: 10", 405],
    ["POST /v1/jobs HTTP/1.1", "content-length: 10\r\ncontent-encoding: x", 415],
    ["PUT /v1/data/x HTTP/1.1", "content-length: 10\r\ncontent-range: bytes 0-9/20", 400],
    ["POST /hearth.v1.JobService/RunJob HTTP/1.1", "content-length: 10\r\ncontent-type: text/plain", 415],
  ])("of a request that is refused gets no 100: %s with %s", async (line, header, status) => {
    const answer = await sayAndClose(head(line, "expect: 100-continue", header));
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  test.each([
    ["PUT /v1/data/expected HTTP/1.1", "content-type: text/plain", "abc"],
    ["POST /data/expected HTTP/1.1", "content-type: text/plain", "abc"],
    ["POST /hearth.v1.JobService/ListJobs HTTP/1.1", JSON_TYPE, "{}"],
  ])("of a request that is served gets 100 before the body: %s", async (line, header, body) => {
    const socket = await dial(hearth.url);
    socket.write(head(line, "expect: 100-continue", header, `content-length: ${body.length}`));
    const [leave] = await once(socket, "data");
    expect(String(leave)).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    const answer = text(socket);
    socket.end(body);
    expect(await answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("with another value is refused with 417", async () => {
    const answer = await sayAndClose(head("PUT /v1/data/x HTTP/1.1", "expect: a-miracle", "content-length: 0"));
    expect(answer).toMatch(/^HTTP\/1\.1 417 /);
  });
});
