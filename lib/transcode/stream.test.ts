import { once } from "node:events";
import type { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { fromJson, type JsonValue, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test, vi } from "vitest";
import type { CallContext, EventOptions, HttpResponse } from "./mod.ts";
import { type Protocol, send, sendUnawaited } from "./testdata/client.ts";
import { known, type Methods, methodOf, openLibrary, toStream } from "./testdata/library.ts";
import { startServer } from "./testdata/server.ts";

const change = (seq: number, more = "") => fromJson(methodOf("Watch").output, { seq, text: `t${seq}${more}` });
const chunk = (data: string, contentType = "") =>
  fromJson(methodOf("Download").output, { data: Buffer.from(data).toString("base64"), contentType });

const EVENTS: EventOptions = {
  eventId: (_, message) => ("seq" in message ? String(message.seq) : undefined),
  eventType: (method) => method.name.toLowerCase(),
  resumeFields: ["after_seq"],
};

const SSE = { accept: "text/event-stream" };

describe.each<Protocol>(["http1", "http2"])("over %s", (protocol) => {
  async function serve(methods: Methods, events: EventOptions = EVENTS) {
    const internalErrors: unknown[] = [];
    const { transcoder, calls } = openLibrary(methods, {
      events,
      onInternalError: (error) => internalErrors.push(error),
      limits: { bodyBytes: 1000 },
    });
    const responses: HttpResponse[] = [];
    const handled: Promise<boolean>[] = [];
    const watched: typeof transcoder = {
      ...transcoder,
      handle(request, response) {
        responses.push(response);
        handled.push(transcoder.handle(request, response));
        return known(handled.at(-1));
      },
    };
    const server = await startServer(watched, { protocol });
    return {
      server,
      calls,
      responses,
      handled,
      internalErrors,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  }

  test("a stream is NDJSON", async () => {
    await using side = await serve({ Watch: () => toStream([change(1), change(2)]) });
    using exchange = await send(side.server, protocol, { path: "/v1/changes/x" });
    expect({ status: exchange.status, type: exchange.headers["content-type"] }).toEqual({
      status: 200,
      type: "application/x-ndjson",
    });
    expect(await text(exchange.body)).toBe('{"seq":1,"text":"t1"}\n{"seq":2,"text":"t2"}\n');
  });

  test("a stream is server-sent events to whom accepts them", async () => {
    await using side = await serve({ Watch: () => toStream([change(1, "\n"), change(2)]) });
    using exchange = await send(side.server, protocol, { path: "/v1/changes/x", headers: SSE });
    expect(exchange.headers["content-type"]).toBe("text/event-stream");
    expect(await text(exchange.body)).toBe(
      'id: 1\nevent: watch\ndata: {"seq":1,"text":"t1\\n"}\n\nid: 2\nevent: watch\ndata: {"seq":2,"text":"t2"}\n\n',
    );
  });

  test("an empty stream is an empty body", async () => {
    await using side = await serve({ Watch: () => toStream([]) });
    using exchange = await send(side.server, protocol, { path: "/v1/changes/x" });
    expect({ status: exchange.status, body: await text(exchange.body) }).toEqual({ status: 200, body: "" });
  });

  test("Last-Event-ID goes into the request and beats the query", async () => {
    await using side = await serve({ Watch: () => toStream([change(8)]) });
    const headers = { ...SSE, "last-event-id": "7" };
    using exchange = await send(side.server, protocol, { path: "/v1/changes/x?after_seq=1", headers });
    expect(await text(exchange.body)).toContain("id: 8\n");
    expect(side.calls).toEqual([{ method: "Watch", request: { topic: "x", afterSeq: 7 } }]);
  });

  test("a resumed stream that has nothing more tells the browser to stay away", async () => {
    await using side = await serve({ Watch: () => toStream([]) });
    using exchange = await send(side.server, protocol, {
      path: "/v1/changes/x",
      headers: { ...SSE, "last-event-id": "7" },
    });
    expect(exchange.status).toBe(204);
  });

  test("a Last-Event-ID of somebody else is refused", async () => {
    await using side = await serve({});
    using exchange = await send(side.server, protocol, {
      path: "/v1/changes/x",
      headers: { ...SSE, "last-event-id": "abc" },
    });
    expect({ status: exchange.status, body: await text(exchange.body) }).toEqual({
      status: 400,
      body: expect.stringContaining("Cannot read header Last-Event-ID: expected an integer"),
    });
  });

  test("a stream that breaks before its first message has the status of the error", async () => {
    await using side = await serve({ Watch: () => breaking([], new ConnectError("no topic", Code.NotFound)) });
    using exchange = await send(side.server, protocol, { path: "/v1/changes/x", headers: SSE });
    expect({ status: exchange.status, ...(await json(exchange.body)) }).toEqual({
      status: 404,
      code: "not_found",
      message: "no topic",
    });
  });

  test.each([
    ["NDJSON", {}, '{"seq":1,"text":"t1"}\n{"error":{"code":"aborted","message":"lost"}}\n'],
    [
      "SSE",
      SSE,
      'id: 1\nevent: watch\ndata: {"seq":1,"text":"t1"}\n\nevent: error\ndata: {"code":"aborted","message":"lost"}\n\n',
    ],
  ])("an error in mid-stream is the end of the %s", async (_, headers, expected) => {
    await using side = await serve({ Watch: () => breaking([change(1)], new ConnectError("lost", Code.Aborted)) });
    using exchange = await send(side.server, protocol, { path: "/v1/changes/x", headers });
    expect(await text(exchange.body)).toBe(expected);
  });

  test("a bug in mid-stream is masked, and reported", async () => {
    await using side = await serve({ Watch: () => breaking([change(1)], new TypeError("secret")) });
    using exchange = await send(side.server, protocol, { path: "/v1/changes/x" });
    expect(await text(exchange.body)).toContain('{"error":{"code":"internal","message":"internal error"}}\n');
    expect(side.internalErrors).toEqual([new TypeError("secret")]);
  });

  test("an idle event stream is kept alive with comments", async () => {
    const gate = Promise.withResolvers<void>();
    await using side = await serve(
      {
        async *Watch() {
          yield change(1);
          await gate.promise;
          yield change(2);
        },
      },
      { ...EVENTS, keepAliveMs: 5 },
    );
    using exchange = await send(side.server, protocol, { path: "/v1/changes/x", headers: SSE });
    let received = "";
    for await (const part of exchange.body) {
      received += part;
      if (received.includes(": keep-alive\n\n: keep-alive\n\n")) {
        gate.resolve();
      }
    }
    expect(received).toMatch(/^id: 1\n.*\n.*\n\n(: keep-alive\n\n)+id: 2\n/);
  });

  test("the head of a stream does not wait long for the first message", async () => {
    const gate = Promise.withResolvers<void>();
    await using side = await serve({
      async *Watch() {
        await gate.promise;
        yield change(1);
      },
    });
    using exchange = await send(side.server, protocol, { path: "/v1/changes/x" });
    expect(exchange.status).toBe(200);
    gate.resolve();
    expect(await text(exchange.body)).toBe('{"seq":1,"text":"t1"}\n');
  });

  test("a stream of google.api.HttpBody is its bytes, of the first one's type", async () => {
    await using side = await serve({
      Download: () => toStream([chunk("ab", "text/csv"), chunk(""), chunk("c", "x/y")]),
    });
    using exchange = await send(side.server, protocol, { path: "/v1/files/a/b" });
    expect({ type: exchange.headers["content-type"], body: await text(exchange.body) }).toEqual({
      type: "text/csv",
      body: "abc",
    });
  });

  test("bytes that break off do not look complete", async () => {
    await using side = await serve({
      Download: () => breaking([chunk("ab".repeat(1000))], new ConnectError("lost", Code.DataLoss)),
    });
    using exchange = await send(side.server, protocol, { path: "/v1/files/a" });
    await expect(buffer(exchange.body)).rejects.toThrow();
    using next = await send(side.server, protocol, { path: "/v1/books/x" });
    expect(next.status).toBe(200);
  });

  test("HEAD of a stream ends it after the head", async () => {
    const ended = Promise.withResolvers<void>();
    await using side = await serve({
      async *Watch() {
        try {
          yield* endless();
        } finally {
          ended.resolve();
        }
      },
      Download: () => toStream([chunk("ab", "text/csv"), chunk("c")]),
    });
    using exchange = await send(side.server, protocol, { method: "HEAD", path: "/v1/changes/x" });
    expect(exchange.headers["content-type"]).toBe("application/x-ndjson");
    expect(await text(exchange.body)).toBe("");
    await ended.promise;
    using raw = await send(side.server, protocol, { method: "HEAD", path: "/v1/files/x" });
    expect({ type: raw.headers["content-type"], body: await text(raw.body) }).toEqual({ type: "text/csv", body: "" });
  });

  test("a client that does not read stops the stream, and one that reads again gets all of it", async () => {
    let made = 0;
    const total = 400;
    await using side = await serve({
      async *Watch() {
        while (made < total) {
          made += 1;
          yield change(made, "x".repeat(50_000));
        }
      },
    });
    using exchange = await send(side.server, protocol, { path: "/v1/changes/x" });
    await waitUntil(() => side.responses[0]?.writableNeedDrain);
    const stopped = await settled(() => made);
    expect(stopped).toBeLessThan(total);
    const lines = (await text(exchange.body)).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).seq)).toEqual(Array.from({ length: total }, (_, index) => index + 1));
  });

  test.each([
    ["waits for a message", "/v1/changes/x", 0],
    ["waits for the client", "/v1/changes/x", 50_000],
  ])("a client that leaves ends a stream that %s", async (_, path, size) => {
    const seen = Promise.withResolvers<CallContext>();
    const ended = Promise.withResolvers<void>();
    await using side = await serve({
      async *Watch(_request, call) {
        seen.resolve(call);
        try {
          yield change(1);
          yield* size === 0 ? idle(call.signal) : endless(size);
        } finally {
          ended.resolve();
        }
      },
    });
    using exchange = await send(side.server, protocol, { path });
    const { signal } = await seen.promise;
    if (size > 0) {
      await waitUntil(() => side.responses[0]?.writableNeedDrain);
    }
    exchange.leave();
    await ended.promise;
    expect(signal.reason).toEqual(new ConnectError("The client closed the connection", Code.Canceled));
    expect(side.internalErrors).toEqual([]);
  });

  test("a client that leaves aborts a unary call", async () => {
    const seen = Promise.withResolvers<AbortSignal>();
    await using side = await serve({
      GetBook: (_, { signal }) => {
        seen.resolve(signal);
        return once(signal, "abort").then(() => Promise.reject(signal.reason));
      },
    });
    const leave = sendUnawaited(side.server, protocol, { path: "/v1/books/x" });
    const signal = await seen.promise;
    leave();
    await waitUntil(() => signal.aborted);
    expect(side.internalErrors).toEqual([]);
  });

  test("a method gets the body of a request", async () => {
    await using side = await serve({});
    const sending = { method: "POST", path: "/v1/books", headers: { "content-type": "application/json" } };
    using exchange = await send(side.server, protocol, { ...sending, body: '{"title":"t"}' });
    expect({ status: exchange.status, ...(await json(exchange.body)) }).toEqual({ status: 200, title: "t" });
    using empty = await send(side.server, protocol, { ...sending });
    expect(await text(empty.body)).toBe("{}");
  });

  test("a client that leaves while it uploads calls nothing", async () => {
    await using side = await serve({});
    const headers = { "content-length": "100", "content-type": "text/plain" };
    const leave = sendUnawaited(side.server, protocol, { method: "POST", path: "/v1/mirror", headers, body: "x" });
    await waitUntil(() => side.responses.length > 0);
    leave();
    expect({ calls: side.calls, errors: side.internalErrors, handled: await side.handled[0] }).toEqual({
      calls: [],
      errors: [],
      handled: true,
    });
  });

  test.each([{}, { "content-length": "3000000" }])("a body over the limit is refused (%j)", async (headers) => {
    await using side = await serve({});
    const body = Buffer.alloc(3_000_000);
    using exchange = await send(side.server, protocol, {
      method: "POST",
      path: "/v1/mirror",
      headers: { ...headers },
      body,
    });
    expect({ status: exchange.status, ...(await json(exchange.body)) }).toMatchObject({
      status: 413,
      code: "resource_exhausted",
    });
    expect(side.calls).toEqual([]);
  });
});

/** Waits for a condition, also on a busy machine. */
function waitUntil(condition: () => unknown): Promise<unknown> {
  return vi.waitUntil(condition, { timeout: 20_000, interval: 5 });
}

async function json(body: Readable): Promise<Record<string, JsonValue>> {
  return JSON.parse(await text(body));
}

async function* breaking(messages: readonly Message[], error: Error): AsyncIterable<Message> {
  yield* messages;
  throw error;
}

async function* endless(size = 0): AsyncIterable<Message> {
  for (let seq = 1; ; seq += 1) {
    yield change(seq, "x".repeat(size));
    await new Promise(setImmediate);
  }
}

// biome-ignore lint/correctness/useYield: a stream that never has a message.
async function* idle(signal: AbortSignal): AsyncIterable<Message> {
  await once(signal, "abort");
  throw signal.reason;
}

/** The value once it has not changed for a hundred turns of the event loop. */
async function settled(read: () => number): Promise<number> {
  let value = read();
  for (let turns = 0; turns < 100; turns += 1) {
    await new Promise(setImmediate);
    if (read() !== value) {
      value = read();
      turns = 0;
    }
  }
  return value;
}
