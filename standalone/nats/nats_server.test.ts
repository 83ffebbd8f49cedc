import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { log } from "../../test/silent_log.ts";
import { startNatsServer } from "./nats_server.ts";

test("startNatsServer() serves JetStream on a free port of the loopback interface", async () => {
  await using directory = await createTemporaryDirectory();
  await using server = await startNatsServer({ storeDir: directory.path, port: 0, log });
  expect(server.url).toMatch(/^nats:\/\/127\.0\.0\.1:\d+$/);

  const connection = await connect({ servers: server.url });
  const manager = await jetstreamManager(connection);
  expect((await manager.streams.add({ name: "S", subjects: ["s"] })).config.name).toBe("S");
  await connection.close();
});

test("a disposed NATS server has ended, and its store remains", async () => {
  await using directory = await createTemporaryDirectory();
  const first = await startNatsServer({ storeDir: directory.path, port: 0, log });
  const connection = await connect({ servers: first.url });
  await (await jetstreamManager(connection)).streams.add({ name: "S", subjects: ["s"] });
  await connection.close();
  await first[Symbol.asyncDispose]();
  await first.closed;
  await expect(connect({ servers: first.url, maxReconnectAttempts: 0 })).rejects.toThrow();

  await using second = await startNatsServer({ storeDir: directory.path, port: 0, log });
  const again = await connect({ servers: second.url });
  expect((await (await jetstreamManager(again)).streams.info("S")).config.name).toBe("S");
  await again.close();
});

test("startNatsServer() rejects with the reason if the port is in use", async () => {
  await using directory = await createTemporaryDirectory();
  await using server = await startNatsServer({ storeDir: join(directory.path, "a"), port: 0, log });
  const port = Number(new URL(server.url).port);
  await expect(startNatsServer({ storeDir: join(directory.path, "b"), port, log })).rejects.toThrow(
    /address already in use/,
  );
});

test("startNatsServer() starts nothing if its signal is aborted", async () => {
  await using directory = await createTemporaryDirectory();
  const signal = AbortSignal.abort(new Error("no more"));
  await expect(startNatsServer({ storeDir: directory.path, port: 0, log, signal })).rejects.toThrow("no more");
});
