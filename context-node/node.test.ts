import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GatewaySession } from "../test/gateway_session.ts";
import { startTestNatsServer, type TestNatsServer } from "../test/nats_server.ts";
import { ScriptedRuntime } from "../test/scripted_runtime.ts";
import { startNode } from "./node.ts";

let nats: TestNatsServer;
beforeAll(async () => {
  nats = await startTestNatsServer();
});
afterAll(() => nats[Symbol.asyncDispose]());

test("a job runs", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "hearth-node-"));
  await using runtime = new ScriptedRuntime();
  await using node = await startNode(
    {
      natsUrl: nats.url,
      listen: "127.0.0.1:0",
      advertise: undefined,
      dataDir,
      memoryBytes: 2 ** 31,
      spares: 0,
      drainTimeoutMs: 1000,
    },
    { log: pino({ level: "debug" }), runtime },
  );
  await using session = new GatewaySession(node.address);
  await session.startContext("c1");
  session.runJob({ jobId: "j1", contextId: "c1", entryPoint: "echo" }, { a: 1 });
  expect((await session.final("j1")).result).toEqual({ a: 1 });
  expect(session.story("j1")).toEqual(["running", "succeeded"]);
  await rm(dataDir, { recursive: true });
});
