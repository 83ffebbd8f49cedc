import http2 from "node:http2";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { pack } from "tar-stream";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { DataService, JobService } from "../../../proto/mod.ts";
import { type AbusedHearth, startAbusedHearth } from "./abused_hearth.ts";

const MEBIBYTE = 1024 * 1024;
const LIMITS = { uploadBytes: 4 * MEBIBYTE, messageBytes: MEBIBYTE };
const JSON_TYPE = { "content-type": "application/json" };

let abused: AbusedHearth;
beforeAll(async () => {
  abused = await startAbusedHearth({ gateway: { limits: LIMITS } });
});
afterEach(() => abused.expectWell());
afterAll(() => abused?.[Symbol.asyncDispose]());

describe("decompression bombs", () => {
  test("gzip that unpacks to gigabytes is refused, on both REST APIs", async () => {
    const tar = pack();
    tar.entry({ name: "package/index.ts" }, "export const x = () => 1;");
    tar.entry({ name: "package/zeros" }, Buffer.alloc(192 * MEBIBYTE));
    tar.finalize();
    const bomb = Uint8Array.from(gzipSync(await buffer(tar)));
    expect(bomb.length).toBeLessThan(MEBIBYTE);
    const gzip = { "content-type": "application/gzip" };
    expect(await abused.post("/v1/binaries/bomb", bomb, gzip)).toMatchObject({ status: 400 });
    expect(await abused.post("/binaries/bomb", bomb, gzip)).toMatchObject({ status: 400 });
    expect((await abused.rest.call("GET", "/v1/binaries/bomb")).status).toBe(404);
  });

  test("a tarball of a hundred thousand entries is refused", async () => {
    const tar = pack();
    for (let number = 0; number < 1000; number++) tar.entry({ name: `package/${number}` }, "");
    tar.finalize();
    // Without the two blocks that say where it ends.
    const thousand = (await buffer(tar)).subarray(0, -1024);
    const bomb = Uint8Array.from(gzipSync(Buffer.concat(Array(100).fill(thousand))));
    expect(bomb.length).toBeLessThan(LIMITS.uploadBytes);
    expect(await abused.post("/v1/binaries/bomb", bomb, { "content-type": "application/gzip" })).toMatchObject({
      status: 400,
      text: expect.stringContaining("entries"),
    });
  });

  test("a compressed body is unpacked up to the limit only", async () => {
    const zeros = Buffer.alloc(64 * MEBIBYTE, 32);
    const bomb = Uint8Array.from(gzipSync(Buffer.concat([Buffer.from("{"), zeros, Buffer.from("}")])));
    const headers = { ...JSON_TYPE, "content-encoding": "gzip" };
    expect((await abused.post("/v1/jobs", bomb, headers)).status).toBe(413);
    expect((await abused.post("/jobs?appName=echo&classPath=echo", bomb, headers)).status).toBe(413);
    expect(await abused.post("/hearth.v1.JobService/SubmitJob", bomb, headers)).toMatchObject({
      status: 429,
      text: expect.stringContaining("resource_exhausted"),
    });
    const frame = new Uint8Array(5 + bomb.length);
    frame[0] = 1;
    new DataView(frame.buffer).setUint32(1, bomb.length);
    frame.set(bomb, 5);
    const grpcWeb = { "content-type": "application/grpc-web+json", "grpc-encoding": "gzip" };
    const response = await fetch(`${abused.hearth.url}/hearth.v1.JobService/SubmitJob`, {
      method: "POST",
      headers: grpcWeb,
      body: frame,
    });
    const told = response.headers.get("grpc-status") ?? (await response.text());
    expect(told).toMatch(/^8$|grpc-status: 8/);
  });
});

describe("bodies over the limit", () => {
  test.each<[string, string, number]>([
    ["/v1/jobs", "application/json", LIMITS.messageBytes],
    ["/jobs?appName=echo&classPath=echo", "text/plain", LIMITS.messageBytes],
    ["/v1/data/large", "application/octet-stream", LIMITS.uploadBytes],
    ["/data/large", "application/octet-stream", LIMITS.uploadBytes],
  ])("are answered 413: %s", async (path, contentType, limit) => {
    expect((await abused.post(path, new Uint8Array(limit + 1), { "content-type": contentType })).status).toBe(413);
  });

  test("are refused by Connect and gRPC", async () => {
    const config = { large: "x".repeat(LIMITS.messageBytes) };
    const content = { contentType: "", data: new Uint8Array(LIMITS.uploadBytes + 1) };
    for (const transport of [
      createConnectTransport({ baseUrl: abused.hearth.url, httpVersion: "1.1" }),
      createGrpcTransport({ baseUrl: abused.hearth.url }),
    ]) {
      const calls = [
        createClient(JobService, transport).submitJob({ job: { binary: "echo", entryPoint: "echo", config } }),
        createClient(DataService, transport).uploadFile({ name: "large", content }),
      ];
      for (const outcome of await Promise.allSettled(calls)) {
        expect(outcome).toMatchObject({ status: "rejected", reason: { code: Code.ResourceExhausted } });
      }
    }
  });

  test("with a false chunk size are refused", async () => {
    const answer = await abused.say(
      `POST /v1/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n${"x".repeat(2 * MEBIBYTE)}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 4(00|13) /);
  });
});

describe.each([
  ["nest without end", deepList(2000)],
  ["nest a little too deep", deepList(50)],
  ["break off", Uint8Array.from([0x0a, 0x7f, 0x01])],
  ["are no messages", Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
])("bytes that %s, in protobuf's encoding,", (_, bytes) => {
  test("are invalid arguments of Connect", async () => {
    const { status, text } = await abused.post("/hearth.v1.JobService/RunJob", bytes, {
      "content-type": "application/proto",
    });
    expect([status, JSON.parse(text).code]).toEqual([400, "invalid_argument"]);
  });

  test("are invalid arguments of Connect's streams", async () => {
    const headers = { "content-type": "application/connect+proto" };
    const { text } = await abused.post("/hearth.v1.JobService/WatchJob", framed(bytes), headers);
    expect(text).toContain('"invalid_argument"');
  });

  test.each(["RunJob", "WatchJob"])("are invalid arguments of gRPC-Web: %s", async (method) => {
    const response = await fetch(`${abused.hearth.url}/hearth.v1.JobService/${method}`, {
      method: "POST",
      headers: { "content-type": "application/grpc-web+proto" },
      body: framed(bytes),
    });
    expect(`grpc-status: ${response.headers.get("grpc-status")} ${await response.text()}`).toContain("grpc-status: 3");
  });

  test.each(["RunJob", "WatchJob"])("are invalid arguments of gRPC: %s", async (method) => {
    const session = http2.connect(abused.hearth.url);
    const stream = session.request({
      ":method": "POST",
      ":path": `/hearth.v1.JobService/${method}`,
      "content-type": "application/grpc+proto",
    });
    let status: unknown;
    for (const event of ["response", "trailers"]) {
      stream.on(event, (headers: http2.IncomingHttpHeaders) => {
        status ??= headers["grpc-status"];
      });
    }
    stream.end(framed(bytes));
    await buffer(stream);
    session.close();
    expect(status).toBe(String(Code.InvalidArgument));
  });
});

/** A message in an envelope of gRPC and of Connect's streams. */
function framed(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(5 + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, 5);
  return frame;
}

/** A RunJobRequest whose config is lists in lists, in protobuf's encoding. */
function deepList(depth: number): Uint8Array<ArrayBuffer> {
  // google.protobuf.Value{list_value = 6: ListValue{values = 1: Value …}}
  let value = Buffer.from([0x20, 0x01]);
  for (let level = 0; level < depth; level++) value = field(6, field(1, value));
  const entry = Buffer.concat([field(1, Buffer.from("a")), field(2, value)]);
  const struct = field(1, entry);
  return Uint8Array.from(field(1, field(4, struct)));
}

function field(number: number, content: Uint8Array): Buffer<ArrayBuffer> {
  const length: number[] = [];
  for (let rest = content.length; ; rest >>>= 7) {
    if (rest < 128) {
      length.push(rest);
      break;
    }
    length.push((rest & 127) | 128);
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), content]);
}
