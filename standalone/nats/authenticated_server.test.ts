import { join } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { freePort, startTestNatsServer } from "../../test/nats/server.ts";
import { openCredentials } from "../credentials.ts";
import { keepSubscriberConsumer } from "./authenticated_server.ts";

test("keepSubscriberConsumer() closes its connection when the stream is missing", async () => {
  await using directory = await createTemporaryDirectory();
  const credentials = await openCredentials(join(directory.path, "credentials"));
  const monitoringPort = await freePort();
  await using server = await startTestNatsServer(["--http_port", String(monitoringPort)]);
  const log = { debug() {}, info() {}, warn() {} };
  await expect(keepSubscriberConsumer({ log }, server.url, credentials)).rejects.toThrow("stream not found");
  const connections = async (): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${monitoringPort}/connz`);
    return ((await answer.json()) as { num_connections: number }).num_connections;
  };
  await expect.poll(connections, { timeout: 5000 }).toBe(0);
});
