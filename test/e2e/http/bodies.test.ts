import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FLAG, FRAME, frame, headerBlock, PREFACE, requestHeaders, settings } from "../../http/http2_frames.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { dial, framed, head, sendAndClose } from "./raw_http.ts";

const MEBIBYTE = 1024 * 1024;
const LIMITS = { uploadBytes: 2 * MEBIBYTE, messageBytes: MEBIBYTE };
const PROGRAM = `
export const echo = ({ config }) => config;
`;

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

describe("a body over the limit gets a response, and the connection serves the next call", () => {
  const large = Buffer.alloc(4 * MEBIBYTE, "x");

  test.each([
    ["PUT", "/v1/data/large", "application/octet-stream", 413],
    ["PUT", "/v1/binaries/large", "application/typescript", 413],
    ["POST", "/data/large", "application/octet-stream", 413],
    ["POST", "/jars/large", "application/octet-stream", 413],
    ["POST", "/jobs?appName=http&classPath=echo", "text/plain", 413],
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
    // The client sends the whole body before it reads.
    const answer = await sayAndClose(request, body, head("GET /v1/nodes HTTP/1.1"));
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, code]) => Number(code));
    expect(statuses).toEqual([status, 200]);
  });

  test("over HTTP/2 the stream is reset with NO_ERROR after the response", async () => {
    const socket = await dial(hearth.url);
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

test("a byte order mark before JSON and HOCON is ignored by every API", async () => {
  const marked = (body: string) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(body)]);
  const job = '{"binary":"http","entryPoint":"echo","context":"http","config":{"a":1}}';
  const cases: [string, Buffer, string][] = [
    ["/v1/jobs:run", marked(job), "application/json"],
    ["/hearth.v1.JobService/RunJob", marked(`{"job":${job}}`), "application/json"],
    ["/jobs?appName=http&classPath=echo&context=http&sync=true", marked("a = 1"), "text/plain"],
    ["/jobs?appName=http&classPath=echo&context=http&sync=true", marked('{"a":1}'), "application/json"],
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
      body: { message: expect.stringContaining(`the path does not name the object to store; send ${method} /v1/`) },
    });
  },
);

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
