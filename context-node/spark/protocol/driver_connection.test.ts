import { expect, test } from "vitest";
import { connectExpected, startTestServer } from "../testing/scripted_driver.ts";
import type { DriverListener } from "./driver_connection.ts";
import { LARGEST_DRIVER_FRAME_BYTES, Violation } from "./driver_protocol.ts";

interface Received {
  readonly listener: DriverListener;
  readonly messages: unknown[];
  readonly parts: [number, string][];
}

function receive(): Received {
  const messages: unknown[] = [];
  const parts: [number, string][] = [];
  const listener: DriverListener = {
    received: (message) => void messages.push(message),
    part: (run, bytes) => void parts.push([run, bytes.toString()]),
  };
  return { listener, messages, parts };
}

test("a connection receives messages and parts in order for chunks of any size, and drops beats", async () => {
  await using server = await startTestServer();
  const { driver, connection } = await connectExpected(server);
  const { listener, messages, parts } = receive();
  driver.send({ type: "running", run: 1 });
  connection.listen(listener);
  driver.send({ type: "beat" });
  driver.sendPart(7, Buffer.from("abc"));
  const bytes = Buffer.from([0, 0, 0, 1 + 27, 0, ...Buffer.from('{"type":"streamed","run":1}')]);
  for (const byte of bytes) {
    driver.socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await expect
    .poll(() => messages)
    .toEqual([
      { type: "running", run: 1 },
      { type: "streamed", run: 1 },
    ]);
  expect(parts).toEqual([[7, "abc"]]);
});

test("a connection delivers what arrived before it closed", async () => {
  await using server = await startTestServer();
  const { driver, connection } = await connectExpected(server);
  const { listener, messages } = receive();
  connection.listen(listener);
  for (let run = 1; run <= 1000; run++) driver.send({ type: "validating", run });
  driver.socket.end();
  expect(await connection.ended).toEqual({ type: "closed" });
  expect(messages).toHaveLength(1000);
});

test.each([
  ["an unknown kind", 9, Buffer.from("x"), "a frame of the unknown kind 9"],
  ["no JSON", 0, Buffer.from("{"), "it is not JSON"],
  ["an unknown message", 0, Buffer.from('{"type":"obey"}'), "malformed message: type"],
  ["a message with more in it", 0, Buffer.from('{"type":"running","run":1,"x":1}'), "malformed message: it"],
  ["a run of a fraction", 0, Buffer.from('{"type":"running","run":1.5}'), "malformed message: run"],
  ["a part without bytes", 1, Buffer.from([0, 0, 0, 1]), "a part without bytes"],
  ["an empty part", 1, Buffer.from([]), "a part without bytes"],
])("a connection ends as violated after %s", async (_what, kind, payload, fault) => {
  await using server = await startTestServer();
  const { driver, connection } = await connectExpected(server);
  connection.listen(receive().listener);
  driver.sendFrame(kind, payload);
  expect(await connection.ended).toEqual({ type: "violated", message: expect.stringContaining(fault) });
  await driver.cut;
});

test("a connection ends as violated at the header of a frame above the limit", async () => {
  await using server = await startTestServer();
  const { driver, connection } = await connectExpected(server);
  connection.listen(receive().listener);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(LARGEST_DRIVER_FRAME_BYTES + 1);
  driver.socket.write(head);
  expect(await connection.ended).toMatchObject({ type: "violated", message: expect.stringContaining("a frame of") });
});

test("a connection ends as violated when its listener refuses a message", async () => {
  await using server = await startTestServer();
  const { driver, connection } = await connectExpected(server);
  const refuse = (): never => {
    throw new Violation("not now");
  };
  connection.listen({ received: refuse, part: refuse });
  driver.send({ type: "running", run: 1 });
  expect(await connection.ended).toMatchObject({ type: "violated", message: expect.stringContaining("not now") });
});

test("a connection ends when the driver is silent", async () => {
  await using server = await startTestServer({ silenceMs: 1500 });
  const { driver, connection } = await connectExpected(server);
  connection.listen(receive().listener);
  expect(await connection.ended).toEqual({
    type: "silent",
    message: "The Spark driver sent nothing for 1.5 s",
  });
  await driver.cut;
});

test("a connection ends when the driver sends and reads nothing", async () => {
  await using server = await startTestServer({ silenceMs: 1500 });
  const { driver, connection } = await connectExpected(server);
  connection.listen(receive().listener);
  driver.socket.pause();
  const beats = setInterval(() => driver.send({ type: "beat" }), 100);
  const statement = "x".repeat(8 * 1024 * 1024);
  const work = { type: "sql" as const, statement, parameters: {}, maxRows: 0, maxBytes: 0 };
  for (let run = 1; run <= 4; run++) connection.send({ type: "run", run, jobId: "j", work, config: "{}" });
  const end = await connection.ended;
  clearInterval(beats);
  expect(end).toEqual({ type: "silent", message: "The Spark driver read nothing for 1.5 s" });
});

test("a connection sends contents no faster than the driver reads them", async () => {
  await using server = await startTestServer();
  const { driver, connection } = await connectExpected(server);
  connection.listen(receive().listener);
  driver.socket.pause();
  let sent = 0;
  const part = new Uint8Array(256 * 1024);
  const sending = (async () => {
    for (; sent < 200; sent++) await connection.sendContent(3, part);
  })();
  await expect.poll(() => sent).toBeGreaterThan(3);
  // The test asserts that nothing happens, so it waits for a time: an unbounded sender would send all 50 MB within it.
  await new Promise((resolve) => setTimeout(resolve, 200));
  // The kernel buffers some parts, but not 50 MB.
  expect(sent).toBeLessThan(150);
  driver.socket.resume();
  await sending;
  await expect.poll(() => driver.contents.get(3)?.length).toBe(200);
});

test("sendContent() rejects when the driver leaves", async () => {
  await using server = await startTestServer();
  const { driver, connection } = await connectExpected(server);
  connection.listen(receive().listener);
  driver.socket.pause();
  const part = new Uint8Array(1024 * 1024);
  const sending = (async () => {
    for (let count = 0; count < 100; count++) await connection.sendContent(3, part);
  })();
  driver.socket.destroy();
  await expect(sending).rejects.toThrow("The Spark driver has disconnected");
  expect(await connection.ended).toEqual({ type: "closed" });
});
