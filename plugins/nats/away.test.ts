import { createServer, type Socket } from "node:net";
import { JetStreamApiError } from "@nats-io/jetstream";
import { connect, errors } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { freePort } from "../../test/nats/server.ts";
import { explainConnectError, isJetStreamAway } from "./mod.ts";

/** Connects to a server that treats connections in that way, and explains the error. */
async function explain(treat: (socket: Socket) => void) {
  await using stack = new AsyncDisposableStack();
  const port = await freePort();
  const server = stack.adopt(createServer(), (listening) => void listening.close());
  const sockets = new Set<Socket>();
  stack.defer(() => {
    for (const socket of sockets) socket.destroy();
  });
  server.on("connection", (socket) => {
    sockets.add(socket.on("error", () => {}));
    treat(socket);
  });
  await new Promise<void>((listening) => void server.listen(port, "127.0.0.1", listening));
  return await explainAt(port);
}

async function explainAt(port: number) {
  const url = `127.0.0.1:${port}`;
  const [connected] = await Promise.allSettled([connect({ servers: url, timeout: 300, maxReconnectAttempts: -1 })]);
  if (connected.status === "fulfilled") throw new Error("connected");
  return explainConnectError(connected.reason, url);
}

const INFO = `INFO ${JSON.stringify({ server_id: "x", version: "2.11.0", proto: 1, headers: true, max_payload: 1024 })}\r\n`;

test("a server is away where nothing listens, and where what listens closes the connection", async () => {
  expect(await explainAt(await freePort())).toEqual({ reason: "connection refused", isAway: true });
  expect(await explain((socket) => socket.end())).toEqual({
    ...{ reason: "the connection was closed before a server answered", isAway: true },
  });
  expect(await explain((socket) => socket.resetAndDestroy())).toEqual({
    ...{ reason: expect.stringContaining("ECONNRESET"), isAway: true },
  });
});

test("a server is not away when it refuses credentials, wants something else first, or speaks no NATS", async () => {
  const refuse = (socket: Socket): void => {
    socket.write(INFO);
    socket.once("data", () => socket.end("-ERR 'Authorization Violation'\r\n"));
  };
  expect(await explain(refuse)).toMatchObject({ isAway: false, reason: expect.stringMatching(/authorization/i) });
  expect(await explain(() => {})).toEqual({ reason: "timeout", isAway: false });
  expect(await explain((socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"))).toMatchObject({
    isAway: false,
  });
});

test.each([10005, 10008, 10009, 10023, 10039, 10059, 10076])("JetStream is away when it says %i", (err_code) => {
  expect(isJetStreamAway(new JetStreamApiError({ code: 503, err_code, description: "" }))).toBe(true);
});

test("JetStream is unavailable without a response, not after a refusal", () => {
  const denied = new errors.PermissionViolationError("no", "publish", "$JS.API.STREAM.CREATE.HEARTH");
  // Overlapping subjects, streams of the account, replicas, storage of the account.
  const refusals = [10065, 10027, 10074, 10002].map(
    (err_code) => new JetStreamApiError({ code: 400, err_code, description: "" }),
  );
  expect([new errors.TimeoutError(), new errors.RequestError("connection disconnected")].map(isJetStreamAway)).toEqual([
    ...[true, true],
  ]);
  const others = [denied, new errors.RequestError("", { cause: denied }), new Error("EACCES: permission denied")];
  expect([...refusals, ...others].filter(isJetStreamAway)).toEqual([]);
});
