import { buffer, text } from "node:stream/consumers";
import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { type Protocol, send } from "./testdata/client.ts";
import { toStream } from "./testdata/library.ts";
import { change, chunk, EVENTS, json, serveMethods } from "./testdata/served_methods.ts";

const SSE = { accept: "text/event-stream" };

describe.each<Protocol>(["http1", "http2"])("over %s", (protocol) => {
  test("a stream is NDJSON", async () => {
    await using side = await serveMethods(protocol, { Watch: () => toStream([change(1), change(2)]) });
    using exchange = await send(side.server, protocol, { path: "/v1/changes/x" });
    expect({ status: exchange.status, type: exchange.headers["content-type"] }).toEqual({
      status: 200,
      type: "application/x-ndjson",
    });
    expect(await text(exchange.body)).toBe('{"seq":1,"text":"t1"}\n{"seq":2,"text":"t2"}\n');
  });

  test("a stream is server-sent events to whom accepts them", async () => {
    await using side = await serveMethods(protocol, { Watch: () => toStream([change(1, "\n"), change(2)]) });
    using exchange = await send(side.server, protocol, { path: "/v1/changes/x", headers: SSE });
    expect(exchange.headers["content-type"]).toBe("text/event-stream");
    expect(await text(exchange.body)).toBe(
      'id: 1\nevent: watch\ndata: {"seq":1,"text":"t1\\n"}\n\nid: 2\nevent: watch\ndata: {"seq":2,"text":"t2"}\n\n',
    );
  });

  test("an empty stream is an empty body", async () => {
    await using side = await serveMethods(protocol, { Watch: () => toStream([]) });
    using exchange = await send(side.server, protocol, { path: "/v1/changes/x" });
    expect({ status: exchange.status, body: await text(exchange.body) }).toEqual({ status: 200, body: "" });
  });

  test("Last-Event-ID goes into the request and beats the query", async () => {
    await using side = await serveMethods(protocol, { Watch: () => toStream([change(8)]) });
    const headers = { ...SSE, "last-event-id": "7" };
    using exchange = await send(side.server, protocol, { path: "/v1/changes/x?after_seq=1", headers });
    expect(await text(exchange.body)).toContain("id: 8\n");
    expect(side.calls).toEqual([{ method: "Watch", request: { topic: "x", afterSeq: 7 } }]);
  });

  test("a resumed stream that has nothing more tells the browser to stay away", async () => {
    await using side = await serveMethods(protocol, { Watch: () => toStream([]) });
    using exchange = await send(side.server, protocol, {
      path: "/v1/changes/x",
      headers: { ...SSE, "last-event-id": "7" },
    });
    expect(exchange.status).toBe(204);
  });

  test("a Last-Event-ID of somebody else is refused", async () => {
    await using side = await serveMethods(protocol, {});
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
    await using side = await serveMethods(protocol, {
      Watch: () => breaking([], new ConnectError("no topic", Code.NotFound)),
    });
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
    await using side = await serveMethods(protocol, {
      Watch: () => breaking([change(1)], new ConnectError("lost", Code.Aborted)),
    });
    using exchange = await send(side.server, protocol, { path: "/v1/changes/x", headers });
    expect(await text(exchange.body)).toBe(expected);
  });

  test("a bug in mid-stream is masked, and reported", async () => {
    await using side = await serveMethods(protocol, { Watch: () => breaking([change(1)], new TypeError("secret")) });
    using exchange = await send(side.server, protocol, { path: "/v1/changes/x" });
    expect(await text(exchange.body)).toContain('{"error":{"code":"internal","message":"internal error"}}\n');
    expect(side.internalErrors).toEqual([new TypeError("secret")]);
  });

  test("an idle event stream is kept alive with comments", async () => {
    const gate = Promise.withResolvers<void>();
    await using side = await serveMethods(
      protocol,
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
    await using side = await serveMethods(protocol, {
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
    await using side = await serveMethods(protocol, {
      Download: () => toStream([chunk("ab", "text/csv"), chunk(""), chunk("c", "x/y")]),
    });
    using exchange = await send(side.server, protocol, { path: "/v1/files/a/b" });
    expect({ type: exchange.headers["content-type"], body: await text(exchange.body) }).toEqual({
      type: "text/csv",
      body: "abc",
    });
  });

  test("bytes that break off do not look complete", async () => {
    await using side = await serveMethods(protocol, {
      Download: () => breaking([chunk("ab".repeat(1000))], new ConnectError("lost", Code.DataLoss)),
    });
    using exchange = await send(side.server, protocol, { path: "/v1/files/a" });
    await expect(buffer(exchange.body)).rejects.toThrow();
    using next = await send(side.server, protocol, { path: "/v1/books/x" });
    expect(next.status).toBe(200);
  });

  test("HEAD of a stream ends it after the head", async () => {
    const ended = Promise.withResolvers<void>();
    await using side = await serveMethods(protocol, {
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
});

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
