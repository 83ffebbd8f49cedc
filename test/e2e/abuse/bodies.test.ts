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

async function post(path: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = JSON_TYPE) {
  const response = await fetch(abused.hearth.url + path, { method: "POST", headers, body });
  return { status: response.status, text: await response.text() };
}

/** Runs a job whose config is that JSON or HOCON text, and answers what became of it. */
function runJson(config: string) {
  return post("/v1/jobs:run", `{"binary":"echo","entryPoint":"look","context":"shared","config":${config}}`);
}

function runHocon(config: string) {
  return post("/jobs?appName=echo&classPath=look&context=shared&sync=true", config, { "content-type": "text/plain" });
}

function nested(depth: number): string {
  return `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
}

describe("bombs in uploads", () => {
  test("gzip that unpacks to gigabytes is refused, on both REST faces", async () => {
    const tar = pack();
    tar.entry({ name: "package/index.ts" }, "export const x = () => 1;");
    tar.entry({ name: "package/zeros" }, Buffer.alloc(192 * MEBIBYTE));
    tar.finalize();
    const bomb = Uint8Array.from(gzipSync(await buffer(tar)));
    expect(bomb.length).toBeLessThan(MEBIBYTE);
    const gzip = { "content-type": "application/gzip" };
    expect(await post("/v1/binaries/bomb", bomb, gzip)).toMatchObject({ status: 400 });
    expect(await post("/binaries/bomb", bomb, gzip)).toMatchObject({ status: 400 });
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
    expect(await post("/v1/binaries/bomb", bomb, { "content-type": "application/gzip" })).toMatchObject({
      status: 400,
      text: expect.stringContaining("entries"),
    });
  });

  test("a compressed body is unpacked up to the limit only", async () => {
    const zeros = Buffer.alloc(64 * MEBIBYTE, 32);
    const bomb = Uint8Array.from(gzipSync(Buffer.concat([Buffer.from("{"), zeros, Buffer.from("}")])));
    const headers = { ...JSON_TYPE, "content-encoding": "gzip" };
    expect((await post("/v1/jobs", bomb, headers)).status).toBe(413);
    expect((await post("/jobs?appName=echo&classPath=echo", bomb, headers)).status).toBe(413);
    expect(await post("/hearth.v1.JobService/SubmitJob", bomb, headers)).toMatchObject({
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

describe("bodies that are too large", () => {
  test.each<[string, string, number]>([
    ["/v1/jobs", "application/json", LIMITS.messageBytes],
    ["/jobs?appName=echo&classPath=echo", "text/plain", LIMITS.messageBytes],
    ["/v1/data/large", "application/octet-stream", LIMITS.uploadBytes],
    ["/data/large", "application/octet-stream", LIMITS.uploadBytes],
  ])("are answered 413: %s", async (path, contentType, limit) => {
    expect((await post(path, new Uint8Array(limit + 1), { "content-type": contentType })).status).toBe(413);
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

  test("that are said to be small do not become large", async () => {
    const answer = await abused.say(
      `POST /v1/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n${"x".repeat(2 * MEBIBYTE)}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 4(00|13) /);
  });
});

describe("JSON and HOCON that nest without end", () => {
  test.each([100, 10_000, 80_000])("are refused at depth %i", async (depth) => {
    for (const config of [nested(depth), `${"[".repeat(depth)}${"]".repeat(depth)}`, `{"a":${"[".repeat(depth)}`]) {
      const { status, text } = await runJson(config);
      expect([depth, status, text]).toEqual([depth, 400, expect.stringContaining("invalid_argument")]);
    }
  });

  test.each([201, 10_000, 80_000])("are refused at depth %i by spark-jobserver's API", async (depth) => {
    for (const config of [nested(depth), `${"a.".repeat(depth)}a = 1`, `a = ${"[".repeat(depth)}`]) {
      expect((await runHocon(config)).status).toBe(400);
    }
  });

  test.each([41, 98])("are refused at depth %i before they could not be read back", async (depth) => {
    expect(await runJson(nested(depth))).toMatchObject({ status: 400, text: expect.stringContaining("40 levels") });
    expect((await runHocon(nested(depth))).status).toBe(400);
    const settings = { settings: JSON.parse(nested(depth)) };
    const { status } = await abused.rest.call("POST", "/v1/contexts", { name: "deep", settings });
    expect(status).toBe(400);
  });

  test("are read as they were written, as deep as they may", async () => {
    const path = "/jobs?appName=echo&classPath=look&context=shared";
    const { status, text } = await post(path, nested(40), { "content-type": "text/plain" });
    expect([status, text]).toEqual([202, expect.any(String)]);
    const { jobId } = JSON.parse(text);
    expect((await abused.rest.call("GET", `/jobs/${jobId}/config`)).status).toBe(200);
    expect((await abused.rest.call("GET", `/v1/jobs/${jobId}/config`)).status).toBe(200);
  });

  test("are refused by Connect in JSON", async () => {
    const body = `{"job":{"binary":"echo","entryPoint":"look","context":"shared","config":${nested(10_000)}}}`;
    expect((await post("/hearth.v1.JobService/RunJob", body)).status).toBe(400);
  });
});

describe.each([
  ["nest without end", deepList(2000)],
  ["nest a little too deep", deepList(50)],
  ["break off", Uint8Array.from([0x0a, 0x7f, 0x01])],
  ["are no messages", Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
])("bytes that %s, in protobuf's encoding,", (_, bytes) => {
  test("are invalid arguments of Connect", async () => {
    const { status, text } = await post("/hearth.v1.JobService/RunJob", bytes, { "content-type": "application/proto" });
    expect([status, JSON.parse(text).code]).toEqual([400, "invalid_argument"]);
  });

  test("are invalid arguments of Connect's streams", async () => {
    const headers = { "content-type": "application/connect+proto" };
    const { text } = await post("/hearth.v1.JobService/WatchJob", framed(bytes), headers);
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

/** A message in an envelope of gRPC, which is Connect's as well. */
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

describe("keys of Object.prototype in a config", () => {
  const POLLUTING = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}},"toString":"mine","ok":1}';

  test.each<[string, (config: string) => ReturnType<typeof post>]>([
    ["JSON", runJson],
    ["HOCON", runHocon],
  ])("pollute neither the job nor the gateway, in %s", async (_, run) => {
    const { status, text } = await run(POLLUTING);
    expect([status, text]).toEqual([200, expect.any(String)]);
    const { result } = JSON.parse(text);
    expect(result).toMatchObject({ isPlain: true, polluted: null });
    expect(result.keys).toEqual(expect.arrayContaining(["constructor", "toString", "ok"]));
  });

  test.each(["__proto__.polluted = 1", '"__proto__" { polluted = 1 }', "a.constructor.prototype.polluted = 1"])(
    "pollute nothing as the path %s",
    async (config) => {
      const { status, text } = await runHocon(config);
      expect([status, text]).toEqual([200, expect.any(String)]);
      expect(JSON.parse(text).result).toMatchObject({ polluted: null });
    },
  );

  test("pollute nothing as settings, labels and names of a context", async () => {
    const body = '{"name":"polluter","settings":{"env":{"__proto__":"x"},"settings":{"__proto__":{"polluted":1}}}}';
    await post("/v1/contexts", body);
    await post("/contexts/__proto__?num-cpu-cores=1", "");
    await post("/contexts/polluted2?__proto__.polluted=1&constructor.prototype.polluted=1", "");
    const { result } = await abused.rest.run({
      binary: "echo",
      entryPoint: "look",
      context: "shared",
      config: {},
    });
    expect(result).toMatchObject({ keys: [], polluted: null });
    // A gateway whose Object.prototype had a key more would say so wherever it prints an object.
    expect((await abused.rest.call("GET", "/v1/contexts/shared")).body).not.toHaveProperty("polluted");
  });
});

describe("texts that a careless pattern would chew on for minutes", () => {
  const CHEWY = "a".repeat(50_000);
  /** Of the gateway's processor time. */
  const WITHIN_MS = 3000;

  test.each<[string, () => Promise<{ status: number }>]>([
    ["a name", () => post("/v1/contexts", JSON.stringify({ name: `${CHEWY}!` }))],
    ["an entry point", () => post("/v1/jobs", JSON.stringify({ binary: "echo", entryPoint: `${CHEWY}!` }))],
    ["a reference of a binary", () => post("/v1/jobs", JSON.stringify({ binary: `echo@${"1".repeat(50_000)}!` }))],
    ["a callback URL", () => post("/v1/jobs", JSON.stringify({ binary: "echo", callbackUrl: `http://${CHEWY}!` }))],
    ["a page token", () => fetch(`${abused.hearth.url}/v1/jobs?page_token=${"=".repeat(10_000)}!`)],
    ["blanks in HOCON", () => runHocon(`a = ${" ".repeat(200_000)}b${" ".repeat(200_000)}!`)],
    ["an unterminated text in HOCON", () => runHocon(`a = "${"\\\\".repeat(100_000)}`)],
    ["numbers in HOCON", () => runHocon(`a = ${"1".repeat(300_000)}.e+-`)],
    ["includes in HOCON", () => runHocon(`${"include ".repeat(50_000)}!`)],
    ["a thousand substitutions in HOCON", () => runHocon(billionLaughs())],
    ["a duration in HOCON", () => runHocon(`spark.context-settings.idle-timeout = "${"1".repeat(50_000)} x"`)],
    ["slashes in a path", () => fetch(`${abused.hearth.url}/v1/${"/".repeat(8000)}`)],
    ["a content type", () => post("/v1/jobs", "{}", { "content-type": `application/${"a+".repeat(4000)}!` })],
  ])("%s", async (_, send) => {
    const beginMs = abused.cpuMs();
    const { status } = await send();
    expect(status).toBeLessThan(500);
    expect(abused.cpuMs() - beginMs).toBeLessThan(WITHIN_MS);
  });

  test("an id of server-sent events", async () => {
    const { job } = await abused.rest.run({ binary: "echo", entryPoint: "echo", context: "shared", config: {} });
    const beginMs = abused.cpuMs();
    for (const id of ["1".repeat(8000), `${" ".repeat(8000)}1`, "-1", "1e999", "9".repeat(40)]) {
      const response = await fetch(`${abused.hearth.url}/v1/jobs/${job.id}:watch`, {
        headers: { accept: "text/event-stream", "last-event-id": id },
      });
      expect(response.status).toBeLessThan(500);
      await response.body?.cancel();
    }
    expect(abused.cpuMs() - beginMs).toBeLessThan(WITHIN_MS);
  });
});

/** Each line is ten of the line before. */
function billionLaughs(): string {
  const lines = ["a0 = ha"];
  for (let level = 1; level < 12; level++) {
    const item = `\${a${level - 1}}`;
    lines.push(`a${level} = [${Array.from({ length: 10 }, () => item).join(",")}]`);
  }
  return lines.join("\n");
}
