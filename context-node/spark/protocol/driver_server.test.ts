import { connect } from "node:net";
import { expect, test } from "vitest";
import { connectDriver, connectExpected, helloWith, startTestServer } from "../testing/scripted_driver.ts";

test("a driver server accepts the token of a driver once", async () => {
  await using server = await startTestServer();
  using expected = server.expect();
  using driver = await connectDriver(server);
  driver.send(helloWith(expected.token));
  const { hello, connection } = await expected.connected;
  expect(hello).toMatchObject({ spark: "4.3.0", scala: "2.13" });

  using again = await connectDriver(server);
  again.send(helloWith(expected.token));
  await again.cut;
  connection.send({ type: "stop" });
  await expect.poll(() => driver.messages).toEqual([{ type: "stop" }]);
});

test.each([
  ["another token", helloWith("0".repeat(64))],
  ["no token", helloWith("")],
  ["a message that is no hello", { type: "beat" }],
  ["a hello with more in it", { ...helloWith("0"), extra: 1 }],
])("a driver server cuts %s", async (_what, message) => {
  await using server = await startTestServer();
  using _expected = server.expect();
  using driver = await connectDriver(server);
  driver.send(message);
  await driver.cut;
});

test.each([
  ["text", Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")],
  ["an empty frame", Buffer.alloc(4)],
  ["a frame larger than a hello", Buffer.from([0, 0, 0x10, 0x01, 0])],
  ["a hello that is no JSON", Buffer.from([0, 0, 0, 2, 0, 0x7b])],
  ["a part", Buffer.from([0, 0, 0, 6, 1, 0, 0, 0, 1, 1])],
])("a driver server cuts %s instead of a hello", async (_what, bytes) => {
  await using server = await startTestServer();
  using driver = await connectDriver(server);
  driver.socket.write(bytes);
  await driver.cut;
});

test("a driver server closes a connection that sends no hello in time", async () => {
  await using server = await startTestServer({ helloMs: 50 });
  using driver = await connectDriver(server);
  driver.socket.write(Buffer.from([0, 0]));
  await driver.cut;
});

test("a driver server closes the oldest of 64 connections without a hello for a new driver, and throttles its log", async () => {
  const lines: string[] = [];
  const log = { debug() {}, warn: (_fields: object, message: string) => void lines.push(message) };
  await using server = await startTestServer({ log });
  const oldest = await connectDriver(server);
  const strangers = await Promise.all(Array.from({ length: 64 }, () => connectDriver(server)));
  await oldest.cut;
  const { hello } = await connectExpected(server);
  expect(hello.type).toBe("hello");
  for (const stranger of strangers) stranger.send({ type: "beat" });
  await Promise.all(strangers.map(({ cut }) => cut));
  // One for each reason.
  expect(lines).toEqual(Array(2).fill("refused a connection to the port of Spark drivers"));
});

test("startDriverServer() names the configuration to change when the address is in use", async () => {
  await using server = await startTestServer();
  const { startDriverServer } = await import("./driver_server.ts");
  const { createLineScheduler } = await import("../../line_scheduler.ts");
  const deps = { scheduler: createLineScheduler(), log: { debug() {}, warn() {} } };
  await expect(startDriverServer(deps, { listen: server.address })).rejects.toThrow(
    `Cannot listen for Spark drivers on ${server.address} (node.spark.listen)`,
  );
});

test("a driver server closes all connections when it is disposed", async () => {
  const server = await startTestServer();
  const { driver } = await connectExpected(server);
  await server[Symbol.asyncDispose]();
  await driver.cut;
  const [host = "", port] = server.address.split(":");
  const refused = await new Promise((resolve) => connect({ host, port: Number(port) }).once("error", resolve));
  expect(refused).toMatchObject({ code: "ECONNREFUSED" });
});
