import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import type { CallContext } from "./mod.ts";
import { type Protocol, send, sendUnawaited } from "./testdata/client.ts";
import { change, json, serveMethods, waitUntil } from "./testdata/served_methods.ts";

describe.each<Protocol>(["http1", "http2"])("over %s", (protocol) => {
  test("a client that does not read stops the stream, and one that reads again gets all of it", async () => {
    let made = 0;
    const total = 400;
    await using side = await serveMethods(protocol, {
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
    await using side = await serveMethods(protocol, {
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
    await using side = await serveMethods(protocol, {
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
    await using side = await serveMethods(protocol, {});
    const sending = { method: "POST", path: "/v1/books", headers: { "content-type": "application/json" } };
    using exchange = await send(side.server, protocol, { ...sending, body: '{"title":"t"}' });
    expect({ status: exchange.status, ...(await json(exchange.body)) }).toEqual({ status: 200, title: "t" });
    using empty = await send(side.server, protocol, { ...sending });
    expect(await text(empty.body)).toBe("{}");
  });

  test("a client that leaves while it uploads calls nothing", async () => {
    await using side = await serveMethods(protocol, {});
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
    await using side = await serveMethods(protocol, {});
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
