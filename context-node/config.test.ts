import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConfig } from "./config.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "hearth-config-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function file(content: string): Promise<string> {
  const path = join(directory, `${crypto.randomUUID()}.json`);
  await writeFile(path, content);
  return path;
}

test("parseConfig() has a default for everything", () => {
  expect(parseConfig([], {})).toEqual({
    natsUrl: "nats://127.0.0.1:4222",
    listen: "127.0.0.1:0",
    advertise: undefined,
    dataDir: resolve(".hearth/node"),
    memoryBytes: expect.any(Number),
    maxResultBytes: 256 * 1024 ** 2,
    labels: {},
    spares: 1,
    drainTimeoutMs: 30_000,
  });
});

test("parseConfig() prefers flags to the environment and the environment to the file", async () => {
  const path = await file(
    JSON.stringify({
      nats: { url: "nats://file:1" },
      node: { listen: "file:1", dataDir: "/file" },
      gateway: { listen: 7 },
    }),
  );
  expect(parseConfig(["--config", path], {})).toMatchObject({
    natsUrl: "nats://file:1",
    listen: "file:1",
    dataDir: "/file",
  });
  expect(parseConfig(["--config", path], { NATS_URL: "nats://env:2" })).toMatchObject({ natsUrl: "nats://env:2" });
  const flags = ["--config", path, "--nats", "nats://flag:3", "--listen", "[::1]:3", "--data-dir", "/flag"];
  expect(parseConfig(flags, { NATS_URL: "nats://env:2" })).toMatchObject({
    natsUrl: "nats://flag:3",
    listen: "[::1]:3",
    dataDir: "/flag",
  });
});

test("parseConfig() lists all faults at once", async () => {
  const path = await file(JSON.stringify({ node: { listen: "nowhere", spares: -1, spare: 2 } }));
  expect(() => parseConfig(["--config", path], {})).toThrow(
    /Cannot use configuration.*host:port.*spares.*"spare"|Cannot use configuration.*"spare".*host:port.*spares/s,
  );
});

test.each([
  { what: "a file that is not JSON", args: async () => ["--config", await file("{")] },
  { what: "a file that is not there", args: async () => ["--config", "/nowhere.json"] },
  { what: "an unknown flag", args: async () => ["--port", "1"] },
  { what: "an address without a port", args: async () => ["--listen", "localhost"] },
])("parseConfig() refuses $what", async ({ args }) => {
  const given = await args();
  expect(() => parseConfig(given, {})).toThrow();
});
