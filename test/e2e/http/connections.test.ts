import { once } from "node:events";
import http2 from "node:http2";
import { connect, type Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { brotliDecompressSync, deflateSync, gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BinaryService, JobService } from "../../../proto/mod.ts";
import { FLAG, FRAME, frame, headerBlock, PREFACE, requestHeaders, settings } from "../../http/http2_frames.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

const MEBIBYTE = 1024 * 1024;
const LIMITS = { uploadBytes: 2 * MEBIBYTE, messageBytes: MEBIBYTE };
const PROGRAM = `
export const slow = () => new Promise((resolve) => setTimeout(resolve, 300, "slow"));
export const long = () => "a long text. ".repeat(10_000);
export const echo = ({ config }) => config;
`;
const JSON_TYPE = "content-type: application/json";
const SLOW = JSON.stringify({ binary: "doors", entryPoint: "slow", context: "doors" });

let hearth: Hearth;
let rest: Rest;

beforeAll(async () => {
  hearth = await startHearth({ config: { gateway: { limits: LIMITS } } });
  rest = createRest(hearth.url);
  await rest.upload("doors", PROGRAM);
  await rest.createContext("doors");
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

/** A connection of a client that may close its half of it. */
async function dial(): Promise<Socket> {
  const { hostname, port } = new URL(hearth.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Sends bytes, closes that half of the connection and returns all that came back. */
async function sayAndClose(...words: (string | Uint8Array)[]): Promise<string> {
  const socket = await dial();
  const answer = text(socket);
  for (const word of words) socket.write(word);
  socket.end();
  return answer;
}

function head(line: string, ...headers: string[]): string {
  return `${[line, "host: localhost", ...headers].join("\r\n")}\r\n\r\n`;
}

function post(path: string, body: string | Uint8Array, ...headers: string[]): string {
  return head(`POST ${path} HTTP/1.1`, `content-length: ${Buffer.byteLength(body)}`, ...headers) + body;
}

describe("a client that closes its half of the connection gets its whole answer", () => {
  test.each([
    ["REST", () => post("/v1/jobs:run", SLOW, JSON_TYPE)],
    ["spark-jobserver's API", () => post("/jobs?appName=doors&classPath=slow&context=doors&sync=true", "")],
    ["Connect", () => post("/hearth.v1.JobService/RunJob", `{"job":${SLOW}}`, JSON_TYPE)],
    [
      "gRPC-Web",
      () => post("/hearth.v1.JobService/RunJob", framed(`{"job":${SLOW}}`), "content-type: application/grpc-web+json"),
    ],
  ])("while its job runs, by %s", async (_, request) => {
    expect(await sayAndClose(request())).toMatch(/^HTTP\/1\.1 200 [\s\S]*"slow"/);
  });

  test("of a stream", async () => {
    const { id } = await rest.submit({ binary: "doors", entryPoint: "slow", context: "doors" });
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
  ])("is answered, with no chunks and an end: %s", async (path, body) => {
    const line = body === "" ? `GET ${path}` : `POST ${path}`;
    const answer = await sayAndClose(
      `${line} HTTP/1.0\r\n${JSON_TYPE}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).not.toMatch(/transfer-encoding: chunked/i);
    expect(answer).toMatch(/connection: close/i);
  });

  test("keeps its connection when it asks for that and the length is known", async () => {
    const request = `GET /v1/nodes HTTP/1.0\r\nconnection: keep-alive\r\n\r\n`;
    const answer = await sayAndClose(request, request);
    expect(answer.split("HTTP/1.1 200").length - 1).toBe(2);
  });
});

describe("a target", () => {
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

  test.each(["*", "http://localhost"])("%s asks for the options of the server", async (target) => {
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

describe("a compressed body", () => {
  const CONFIG = { words: "ä b" };
  const encodings: [string, (body: string) => Buffer][] = [
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["zstd", zstdCompressSync],
  ];

  async function send(path: string, body: Buffer, headers: Record<string, string>) {
    const response = await fetch(hearth.url + path, { method: "POST", headers, body: Uint8Array.from(body) });
    return { status: response.status, text: await response.text(), headers: response.headers };
  }

  test.each(encodings)("is read by every API: %s", async (encoding, compress) => {
    const coded = { "content-encoding": encoding };
    const json = { ...coded, "content-type": "application/json" };
    const job = { binary: "doors", entryPoint: "echo", context: "doors", config: CONFIG };
    const run = await send("/v1/jobs:run", compress(JSON.stringify(job)), json);
    expect(JSON.parse(run.text)).toMatchObject({ result: CONFIG });
    const call = await send("/hearth.v1.JobService/RunJob", compress(JSON.stringify({ job })), json);
    expect(JSON.parse(call.text)).toMatchObject({ result: CONFIG });
    const path = "/jobs?appName=doors&classPath=echo&context=doors&sync=true";
    const spark = await send(path, compress("words = ä b"), { ...coded, "content-type": "text/plain" });
    expect(JSON.parse(spark.text)).toMatchObject({ result: CONFIG });
    const web = framed(compress(JSON.stringify({ job })), { isCompressed: true });
    const grpcWeb = await send("/hearth.v1.JobService/RunJob", Buffer.from(web, "latin1"), {
      "content-type": "application/grpc-web+json",
      "grpc-encoding": encoding,
    });
    expect(grpcWeb.text).toContain('"SUCCEEDED"');
  });

  test("is stored as what it is without the coding", async () => {
    const headers = { "content-encoding": "gzip" };
    await send("/v1/data/rates", gzipSync("EUR,1\n"), headers);
    expect(await (await fetch(`${hearth.url}/v1/data/rates`)).text()).toBe("EUR,1\n");
    const { result } = JSON.parse((await send("/data/rates", gzipSync("USD,2\n"), headers)).text);
    expect(await (await fetch(`${hearth.url}/v1/data/${result.filename}`)).text()).toBe("USD,2\n");
    const uploaded = await send("/v1/binaries/zipped", gzipSync(PROGRAM), {
      ...headers,
      "content-type": "text/typescript",
    });
    expect(uploaded.status).toBe(200);
  });

  test.each(["/v1/data/x", "/data/x", "/v1/jobs", "/jobs?appName=doors&classPath=echo", "/binaries/x"])(
    "of a coding that nobody knows is refused: %s",
    async (path) => {
      const headers = { "content-encoding": "compress", "content-type": "application/json" };
      const { status, headers: answered } = await send(path, Buffer.from("{}"), headers);
      expect([status, answered.get("accept-encoding")]).toEqual([415, "gzip, deflate, br, zstd"]);
    },
  );

  test("that is no gzip is the fault of its sender", async () => {
    const json = { "content-encoding": "gzip", "content-type": "application/json" };
    for (const path of ["/v1/jobs", "/hearth.v1.JobService/RunJob", "/jobs?appName=doors&classPath=echo"]) {
      expect((await send(path, gzipSync("{}").subarray(0, 15), json)).status).toBe(400);
    }
  });
});

describe("an answer", () => {
  async function get(path: string, headers: Record<string, string>) {
    const { hostname, port } = new URL(hearth.url);
    const session = http2.connect(`http://${hostname}:${port}`);
    const stream = session.request({ ":path": path, ...headers });
    const [answered] = await once(stream, "response");
    const content = await buffer(stream);
    session.close();
    return { status: answered[":status"], encoding: answered["content-encoding"], vary: answered.vary, content };
  }

  test.each(["/openapi.json", "/", "/html/page.js", "/metrics"])("is compressed: %s", async (path) => {
    const plain = await get(path, {});
    const { content, ...answered } = await get(path, { "accept-encoding": "gzip;q=0.5, br" });
    expect(answered).toEqual({ status: 200, encoding: "br", vary: "accept-encoding" });
    if (path !== "/metrics") expect(brotliDecompressSync(content)).toEqual(plain.content);
  });

  test("with the result of a job is compressed by every API", async () => {
    const { id } = await rest.submit({ binary: "doors", entryPoint: "long", context: "doors" });
    const paths = [`/v1/jobs/${id}/result`, `/jobs/${id}`];
    await text(http2Stream(`/v1/jobs/${id}/events`));
    for (const path of paths) {
      const { encoding, content } = await get(path, { "accept-encoding": "gzip" });
      expect(encoding).toBe("gzip");
      expect(content.length).toBeLessThan(10_000);
      expect(gunzipSync(content).toString()).toContain("a long text. a long text. ");
    }
  });

  test("of Connect is compressed as the client weighs it", async () => {
    const body = JSON.stringify({ job: { binary: "doors", entryPoint: "long", context: "doors" } });
    const response = await fetch(`${hearth.url}/hearth.v1.JobService/RunJob`, {
      method: "POST",
      headers: { "content-type": "application/json", "accept-encoding": "gzip;q=0.1, br;q=0.9" },
      body,
    });
    expect([response.headers.get("content-encoding"), response.headers.get("vary")]).toEqual(["br", "accept-encoding"]);
    await response.body?.cancel();
  });

  test.each(["/v1/jobs", "/jobs", "/contexts"])("that no client takes is refused with 406: %s", async (path) => {
    expect((await fetch(hearth.url + path, { headers: { accept: "image/png" } })).status).toBe(406);
    expect((await fetch(hearth.url + path, { headers: { accept: "text/html, */*;q=0.1" } })).status).toBe(200);
  });
});

describe("a body over the limit is answered, and the connection serves the next call", () => {
  const large = Buffer.alloc(4 * MEBIBYTE, "x");

  test.each([
    ["PUT", "/v1/data/large", "application/octet-stream", 413],
    ["PUT", "/v1/binaries/large", "application/typescript", 413],
    ["POST", "/data/large", "application/octet-stream", 413],
    ["POST", "/jars/large", "application/octet-stream", 413],
    ["POST", "/jobs?appName=doors&classPath=echo", "text/plain", 413],
    ["POST", "/contexts/large", "text/plain", 413],
    ["POST", "/hearth.v1.JobService/SubmitJob", "application/proto", 429],
    ["POST", "/hearth.v1.JobService/SubmitJob", "application/grpc-web+proto", 200],
    ["POST", "/hearth.v1.JobService/WatchJob", "application/connect+proto", 200],
    ["POST", "/nowhere", "text/plain", 404],
    ["POST", "/hearth.v1.JobService/Nothing", "application/json", 404],
    ["POST", "/hearth.v1.JobService/WatchJob", "text/plain", 415],
    ["PATCH", "/v1/jobs", "application/json", 405],
  ])("%s %s as %s: %i", async (method, path, type, status) => {
    const isFramed = /grpc|connect/.test(type);
    const body = isFramed ? Buffer.from(framed(large), "latin1") : large;
    const request = head(`${method} ${path} HTTP/1.1`, `content-type: ${type}`, `content-length: ${body.length}`);
    // A client that sends all of it before it reads.
    const answer = await sayAndClose(request, body, head("GET /v1/nodes HTTP/1.1"));
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, code]) => Number(code));
    expect(statuses).toEqual([status, 200]);
  });

  test("over HTTP/2 ends in a reset without an error after the answer", async () => {
    const socket = await dial();
    const headers = requestHeaders({ path: "/data/large", headers: { "content-length": String(10 * MEBIBYTE) } });
    const open = frame({ type: FRAME.HEADERS, flags: FLAG.END_HEADERS, stream: 1, payload: headerBlock(headers) });
    socket.write(Buffer.concat([PREFACE, settings(), open]));
    const frames = await framesUntilReset(socket);
    const [answered, ...rest] = frames;
    const [last, reset] = rest.slice(-2);
    expect([answered?.type, last?.type, reset?.type]).toEqual([FRAME.HEADERS, FRAME.DATA, FRAME.RST_STREAM]);
    expect([last?.flags, reset?.payload.readUInt32BE()]).toEqual([FLAG.END_STREAM, 0]);
    socket.destroy();
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
    const socket = await dial();
    socket.write(head(line, "expect: 100-continue", header, `content-length: ${body.length}`));
    const [leave] = await once(socket, "data");
    expect(String(leave)).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    const answer = text(socket);
    socket.end(body);
    expect(await answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("of something else is refused with 417", async () => {
    const answer = await sayAndClose(head("PUT /v1/data/x HTTP/1.1", "expect: a-miracle", "content-length: 0"));
    expect(answer).toMatch(/^HTTP\/1\.1 417 /);
  });
});

describe("Connect", () => {
  test("has GET for methods that only read", async () => {
    const message = encodeURIComponent(JSON.stringify({ name: "doors" }));
    const url = `${hearth.url}/hearth.v1.BinaryService/GetBinary?connect=v1&encoding=json&message=${message}`;
    const response = await fetch(url);
    expect([response.status, await response.json()]).toMatchObject([200, { name: "doors" }]);
    const transport = createConnectTransport({ baseUrl: hearth.url, httpVersion: "1.1", useHttpGet: true });
    expect(await createClient(BinaryService, transport).getBinary({ name: "doors" })).toMatchObject({ name: "doors" });
    const writing = await fetch(`${hearth.url}/hearth.v1.JobService/RunJob?connect=v1&encoding=json&message=%7B%7D`);
    expect([writing.status, writing.headers.get("allow")]).toEqual([405, "POST"]);
  });

  test("bounds what a compressed message of GET unpacks to", async () => {
    const bomb = gzipSync(`{"states":[${"1,".repeat(30_000)}1]}`).toString("base64url");
    const query = `connect=v1&encoding=json&base64=1&compression=gzip&message=${bomb}`;
    const response = await fetch(`${hearth.url}/hearth.v1.JobService/ListJobs?${query}`);
    expect([response.status, await response.json()]).toMatchObject([400, { code: "invalid_argument" }]);
  });

  test("says unimplemented of methods and services that nobody knows", async () => {
    for (const path of ["/hearth.v1.JobService/Nothing", "/some.v1.Service/Method"]) {
      const response = await fetch(hearth.url + path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      });
      expect([response.status, await response.json()]).toMatchObject([404, { code: "unimplemented" }]);
    }
    const grpc = createClient(JobService, createGrpcTransport({ baseUrl: `${hearth.url}/elsewhere` }));
    await expect(grpc.getJob({})).rejects.toThrow("[unimplemented]");
  });
});

test("a byte order mark before JSON and HOCON is ignored by every API", async () => {
  const marked = (body: string) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(body)]);
  const job = '{"binary":"doors","entryPoint":"echo","context":"doors","config":{"a":1}}';
  const cases: [string, Buffer, string][] = [
    ["/v1/jobs:run", marked(job), "application/json"],
    ["/hearth.v1.JobService/RunJob", marked(`{"job":${job}}`), "application/json"],
    ["/jobs?appName=doors&classPath=echo&context=doors&sync=true", marked("a = 1"), "text/plain"],
    ["/jobs?appName=doors&classPath=echo&context=doors&sync=true", marked('{"a":1}'), "application/json"],
  ];
  for (const [path, body, type] of cases) {
    const response = await fetch(hearth.url + path, {
      method: "POST",
      headers: { "content-type": type },
      body: Uint8Array.from(body),
    });
    expect([path, await response.json()]).toMatchObject([path, { result: { a: 1 } }]);
  }
});

test.each(["PUT /v1/data", "POST /v1/data/", "PUT /v1/binaries", "POST /v1/binaries/"])(
  "an upload without a name says that the name is missing: %s",
  async (line) => {
    const [method = "", path = ""] = line.split(" ");
    expect(await rest.call(method, path, "x")).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining(`the path does not name what it stores; send ${method} /v1/`) },
    });
  },
);

function http2Stream(path: string): http2.ClientHttp2Stream {
  const session = http2.connect(hearth.url);
  const stream = session.request({ ":path": path });
  stream.once("close", () => session.close());
  return stream;
}

/** A message in an envelope of gRPC-Web and Connect's streams, as Latin-1. */
function framed(message: string | Uint8Array, { isCompressed = false } = {}): string {
  const bytes = Buffer.from(message);
  const envelope = Buffer.alloc(5);
  envelope[0] = isCompressed ? 1 : 0;
  envelope.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([envelope, bytes]).toString("latin1");
}

interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly payload: Buffer;
}

/** The frames of stream 1, until it is reset. */
async function framesUntilReset(socket: Socket): Promise<ReceivedFrame[]> {
  const frames: ReceivedFrame[] = [];
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const length = bytes.readUIntBE(0, 3);
      const [type = 0, flags = 0] = bytes.subarray(3, 5);
      if (bytes.readUInt32BE(5) === 1) frames.push({ type, flags, payload: bytes.subarray(9, 9 + length) });
      bytes = bytes.subarray(9 + length);
      if (frames.at(-1)?.type === FRAME.RST_STREAM) return frames;
    }
  }
  return frames;
}
