import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import {
  brotliCompressSync,
  brotliDecompressSync,
  createGunzip,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { create, fromJson, type JsonObject, type Message } from "@bufbuild/protobuf";
import { afterAll, describe, expect, test } from "vitest";
import { HttpBodySchema } from "../../proto/gen/es/google/api/httpbody_pb.js";
import { send } from "./testdata/client.ts";
import { known, methodOf, openLibrary, registry } from "./testdata/library.ts";
import { startServer } from "./testdata/server.ts";

const BOOK = known(registry.getMessage("library.v1.Book"));
const LONG = "a long text, again and again. ".repeat(200);
const { transcoder, calls } = openLibrary(
  {
    CreateBook: async (request) => request,
    GetBook: async () => fromJson(BOOK, { title: LONG }),
    Download: () => toStream([part("text/csv", LONG.slice(0, 2000)), part("", LONG.slice(2000))]),
    ListBooks: async () => fromJson(methodOf("ListBooks").output, { books: [{ name: "a" }] }),
  },
  { limits: { bodyBytes: 10_000, rawBodyBytes: 20_000 } },
);
const server = await startServer(transcoder);
afterAll(() => server[Symbol.asyncDispose]());

function part(contentType: string, data: string): Message {
  return create(HttpBodySchema, { contentType, data: Uint8Array.from(Buffer.from(data)) });
}

async function* toStream(messages: readonly Message[]): AsyncIterable<Message> {
  yield* messages;
}

async function post(body: Uint8Array, headers: Record<string, string>) {
  using exchange = await send(server, "http1", {
    method: "POST",
    path: "/v1/books",
    headers: { "content-type": "application/json", ...headers },
    body: Buffer.from(body),
  });
  const answer: JsonObject = JSON.parse(await text(exchange.body));
  return { status: exchange.status, headers: exchange.headers, answer };
}

const JSON_BODY = Buffer.from('{"title":"t"}');

describe("a request body", () => {
  test.each([
    ["gzip", gzipSync(JSON_BODY)],
    ["X-GZip", gzipSync(JSON_BODY)],
    ["deflate", deflateSync(JSON_BODY)],
    ["deflate", deflateRawSync(JSON_BODY)],
    ["br", brotliCompressSync(JSON_BODY)],
    ["zstd", zstdCompressSync(JSON_BODY)],
    ["identity", JSON_BODY],
  ])("is read if it is %s", async (encoding, body) => {
    expect(await post(body, { "content-encoding": encoding })).toMatchObject({ status: 200, answer: { title: "t" } });
  });

  test.each(["compress", "gzip, gzip", "aes128gcm"])("is refused with 415 when it is %s", async (encoding) => {
    calls.length = 0;
    expect(await post(JSON_BODY, { "content-encoding": encoding })).toMatchObject({
      status: 415,
      headers: { "accept-encoding": "gzip, deflate, br, zstd" },
      answer: { code: "invalid_argument" },
    });
    expect(calls).toEqual([]);
  });

  test.each([
    ["no gzip at all", JSON_BODY],
    ["cut off", gzipSync(JSON_BODY).subarray(0, 20)],
  ])("is rejected if its gzip is %s", async (_, body) => {
    expect(await post(body, { "content-encoding": "gzip" })).toMatchObject({
      status: 400,
      answer: { message: expect.stringMatching(/^Cannot read the request body: it is not gzip: /) },
    });
  });

  test.each([
    ["gzip", gzipSync(Buffer.alloc(50_000_000, " "))],
    ["br", brotliCompressSync(Buffer.alloc(50_000_000, " "))],
    ["zstd", zstdCompressSync(Buffer.alloc(50_000_000, " "))],
  ])("is rejected with 413 if its %s unpacks to more than the limit", async (encoding, body) => {
    expect(await post(body, { "content-encoding": encoding })).toMatchObject({ status: 413 });
  });

  test("may begin with a byte order mark", async () => {
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), JSON_BODY]);
    expect(await post(marked, {})).toMatchObject({ status: 200, answer: { title: "t" } });
  });
});

describe.each(["http1", "http2"] as const)("a response over %s", (protocol) => {
  async function get(path: string, headers: Record<string, string>, method = "GET") {
    await using side = await startServer(transcoder, { protocol });
    using exchange = await send(side, protocol, { method, path, headers });
    const { status, headers: head } = exchange;
    const content = await buffer(exchange.body);
    return { status, encoding: head["content-encoding"], vary: head.vary, length: head["content-length"], content };
  }

  test.each(["/v1/books/x", "/v1/files/a"])("is compressed when the client wants that: %s", async (path) => {
    const br = await get(path, { "accept-encoding": "gzip, br" });
    expect(br).toMatchObject({ status: 200, encoding: "br", vary: "accept-encoding" });
    expect(brotliDecompressSync(br.content).toString()).toContain(LONG);
    const gzip = await get(path, { "accept-encoding": "br;q=0.5, gzip" });
    expect(gzip).toMatchObject({ status: 200, encoding: "gzip", vary: "accept-encoding" });
    expect(gunzipSync(gzip.content).toString()).toContain(LONG);
  });

  test("is not compressed if the client does not want that, and has a Vary header", async () => {
    const answer = await get("/v1/books/x", { "accept-encoding": "identity" });
    expect(answer).toMatchObject({ encoding: undefined, vary: "accept-encoding" });
    expect(answer.length).toBe(String(answer.content.length));
  });

  test("is compressed chunk by chunk if it is streamed", async () => {
    const more = Promise.withResolvers<void>();
    async function* slow(): AsyncIterable<Message> {
      yield part("text/csv", LONG);
      await more.promise;
      yield part("", "the end");
    }
    await using side = await startServer(openLibrary({ Download: slow }).transcoder, { protocol });
    using exchange = await send(side, protocol, { path: "/v1/files/a", headers: { "accept-encoding": "gzip" } });
    const decoded = exchange.body.pipe(createGunzip());
    const [first] = await once(decoded, "data");
    expect(LONG.startsWith(String(first))).toBe(true);
    more.resolve();
    expect(await text(decoded)).toMatch(/the end$/);
  });

  test("is not compressed if it is small", async () => {
    expect(await get("/v1/books", { "accept-encoding": "gzip" })).toMatchObject({
      encoding: undefined,
      vary: undefined,
    });
  });

  test("has the same head for HEAD, except its length", async () => {
    expect(await get("/v1/books/x", { "accept-encoding": "gzip" }, "HEAD")).toMatchObject({
      ...{ status: 200, encoding: "gzip", vary: "accept-encoding", length: undefined },
      content: Buffer.alloc(0),
    });
  });

  test.each([
    ["asks for the head alone", "HEAD", {}],
    ["asks for the head alone, compressed", "HEAD", { "accept-encoding": "gzip" }],
    ["leaves", "GET", {}],
    ["leaves a compressed one", "GET", { "accept-encoding": "gzip" }],
  ])("closes its content when the client %s", async (_, method, headers) => {
    const closed = Promise.withResolvers<void>();
    async function* endless(): AsyncIterable<Message> {
      try {
        for (;;) yield part("text/csv", randomBytes(100_000).toString("hex"));
      } finally {
        closed.resolve();
      }
    }
    await using side = await startServer(openLibrary({ Download: endless }).transcoder, { protocol });
    using exchange = await send(side, protocol, { method, path: "/v1/files/a", headers });
    exchange.body.on("error", () => {});
    if (method === "GET") exchange.leave();
    await closed.promise;
  });

  test("is rejected with 406 before the call if the client does not accept JSON", async () => {
    calls.length = 0;
    expect(await get("/v1/books/x", { accept: "image/png, application/json;q=0" })).toMatchObject({ status: 406 });
    expect(calls).toEqual([]);
  });
});

test("streamed responses to slow clients do not block the compression of others", async () => {
  const over = Promise.withResolvers<void>();
  async function* slow(): AsyncIterable<Message> {
    yield part("text/csv", LONG);
    await over.promise;
  }
  const GetBook = async (): Promise<Message> => fromJson(BOOK, { title: LONG });
  await using side = await startServer(openLibrary({ Download: slow, GetBook }).transcoder);
  using slowOnes = new DisposableStack();
  const headers = { "accept-encoding": "gzip" };
  for (let count = 0; count < 20; count += 1) {
    const { headers: head } = slowOnes.use(await send(side, "http1", { path: "/v1/files/a", headers }));
    expect(head["content-encoding"]).toBe("gzip");
  }
  using exchange = await send(side, "http1", { path: "/v1/books/x", headers });
  expect(exchange.headers["content-encoding"]).toBe("gzip");
  over.resolve();
});

test("a slow reader does not accumulate listeners", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): unknown => warnings.push(warning);
  process.on("warning", note);
  const many = Array.from({ length: 300 }, () => part("application/octet-stream", "x".repeat(100_000)));
  for (const protocol of ["http1", "http2"] as const) {
    await using side = await startServer(openLibrary({ Download: () => toStream(many) }).transcoder, { protocol });
    using exchange = await send(side, protocol, { path: "/v1/files/a" });
    let sizeBytes = 0;
    for await (const chunk of Readable.from(exchange.body)) {
      sizeBytes += chunk.length;
      await new Promise(setImmediate);
    }
    expect(sizeBytes).toBe(30_000_000);
  }
  process.off("warning", note);
  expect(warnings).toEqual([]);
});
