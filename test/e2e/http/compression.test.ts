import { once } from "node:events";
import http2 from "node:http2";
import { buffer, text } from "node:stream/consumers";
import { brotliDecompressSync, deflateSync, gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { framed } from "./raw_http.ts";

const PROGRAM = `
export const long = () => "a long text. ".repeat(10_000);
export const echo = ({ config }) => config;
`;

let hearth: Hearth;
let rest: Rest;

beforeAll(async () => {
  hearth = await startHearth();
  rest = createRest(hearth.url);
  await rest.upload("http", PROGRAM);
  await rest.createContext("http");
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

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
    const job = { binary: "http", entryPoint: "echo", context: "http", config: CONFIG };
    const run = await send("/v1/jobs:run", compress(JSON.stringify(job)), json);
    expect(JSON.parse(run.text)).toMatchObject({ result: CONFIG });
    const call = await send("/hearth.v1.JobService/RunJob", compress(JSON.stringify({ job })), json);
    expect(JSON.parse(call.text)).toMatchObject({ result: CONFIG });
    const path = "/jobs?appName=http&classPath=echo&context=http&sync=true";
    const spark = await send(path, compress("words = ä b"), { ...coded, "content-type": "text/plain" });
    expect(JSON.parse(spark.text)).toMatchObject({ result: CONFIG });
    const web = framed(compress(JSON.stringify({ job })), { isCompressed: true });
    const grpcWeb = await send("/hearth.v1.JobService/RunJob", Buffer.from(web, "latin1"), {
      "content-type": "application/grpc-web+json",
      "grpc-encoding": encoding,
    });
    expect(grpcWeb.text).toContain('"SUCCEEDED"');
  });

  test("is stored decompressed", async () => {
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

  test.each(["/v1/data/x", "/data/x", "/v1/jobs", "/jobs?appName=http&classPath=echo", "/binaries/x"])(
    "with an unknown coding is refused: %s",
    async (path) => {
      const headers = { "content-encoding": "compress", "content-type": "application/json" };
      const { status, headers: answered } = await send(path, Buffer.from("{}"), headers);
      expect([status, answered.get("accept-encoding")]).toEqual([415, "gzip, deflate, br, zstd"]);
    },
  );

  test("that is not valid gzip gets 400", async () => {
    const json = { "content-encoding": "gzip", "content-type": "application/json" };
    for (const path of ["/v1/jobs", "/hearth.v1.JobService/RunJob", "/jobs?appName=http&classPath=echo"]) {
      expect((await send(path, gzipSync("{}").subarray(0, 15), json)).status).toBe(400);
    }
  });
});

describe("a response", () => {
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
    const { id } = await rest.submit({ binary: "http", entryPoint: "long", context: "http" });
    const paths = [`/v1/jobs/${id}/result`, `/jobs/${id}`];
    await text(http2Stream(`/v1/jobs/${id}/events`));
    for (const path of paths) {
      const { encoding, content } = await get(path, { "accept-encoding": "gzip" });
      expect(encoding).toBe("gzip");
      expect(content.length).toBeLessThan(10_000);
      expect(gunzipSync(content).toString()).toContain("a long text. a long text. ");
    }
  });

  test("of Connect is compressed by the client's weights", async () => {
    const body = JSON.stringify({ job: { binary: "http", entryPoint: "long", context: "http" } });
    const response = await fetch(`${hearth.url}/hearth.v1.JobService/RunJob`, {
      method: "POST",
      headers: { "content-type": "application/json", "accept-encoding": "gzip;q=0.1, br;q=0.9" },
      body,
    });
    expect([response.headers.get("content-encoding"), response.headers.get("vary")]).toEqual(["br", "accept-encoding"]);
    await response.body?.cancel();
  });

  test.each(["/v1/jobs", "/jobs", "/contexts"])(
    "in a type that the client does not accept is refused with 406: %s",
    async (path) => {
      expect((await fetch(hearth.url + path, { headers: { accept: "image/png" } })).status).toBe(406);
      expect((await fetch(hearth.url + path, { headers: { accept: "text/html, */*;q=0.1" } })).status).toBe(200);
    },
  );
});

function http2Stream(path: string): http2.ClientHttp2Stream {
  const session = http2.connect(hearth.url);
  const stream = session.request({ ":path": path });
  stream.once("close", () => session.close());
  return stream;
}
