import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTemporaryDirectory } from "../test/contract/temporary_directory.ts";
import { freePort, startTestNatsServer, type TestNatsServer } from "../test/nats/server.ts";
import { parseConfig } from "./config.ts";
import { startGateway } from "./gateway.ts";

const log = pino({ enabled: false });
const stack = new AsyncDisposableStack();
let nats: TestNatsServer;
let monitoringPort: number;
let directory: string;

beforeAll(async () => {
  monitoringPort = await freePort();
  nats = stack.use(await startTestNatsServer(["--http_port", String(monitoringPort)]));
  directory = stack.use(await createTemporaryDirectory()).path;
});

afterAll(() => stack.disposeAsync());

test("startGateway() rejects when the secret of callbacks cannot be read", async () => {
  const dataDir = join(directory, "unreadable");
  await mkdir(join(dataDir, "callback-secret"), { recursive: true });
  const config = await parseConfig(["--nats", nats.url, "--listen", "127.0.0.1:0", "--data-dir", dataDir], {});
  await expect(startGateway(config, { log })).rejects.toThrow("EISDIR");
});

test("startGateway() leaves nothing open when its shared port is taken", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  const configFile = join(directory, "gateway.json");
  await writeFile(configFile, JSON.stringify({ gateway: { reusePort: true, placementWaitMs: 1 } }));
  const dataDir = join(directory, "shared");
  const args = ["--nats", nats.url, "--listen", `127.0.0.1:${port}`, "--data-dir", dataDir, "--config", configFile];
  await expect(startGateway(await parseConfig(args, {}), { log })).rejects.toThrow("EADDRINUSE");
  taken.close();

  const connections = async (): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${monitoringPort}/connz`);
    return ((await answer.json()) as { num_connections: number }).num_connections;
  };
  await expect.poll(connections, { timeout: 5000 }).toBe(0);
});
