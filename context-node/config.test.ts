import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LOOPBACK_CLUSTER } from "../cluster/mod.ts";
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
    nats: { url: "nats://127.0.0.1:4222" },
    cluster: LOOPBACK_CLUSTER,
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
      node: { listen: "127.0.0.9:1", dataDir: "/file" },
      gateway: { listen: 7 },
    }),
  );
  expect(parseConfig(["--config", path], {})).toMatchObject({
    nats: { url: "nats://file:1" },
    listen: "127.0.0.9:1",
    dataDir: "/file",
  });
  expect(parseConfig(["--config", path], { NATS_URL: "nats://env:2" })).toMatchObject({
    nats: { url: "nats://env:2" },
  });
  const flags = ["--config", path, "--nats", "nats://flag:3", "--listen", "[::1]:3", "--data-dir", "/flag"];
  expect(parseConfig(flags, { NATS_URL: "nats://env:2" })).toMatchObject({
    nats: { url: "nats://flag:3" },
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

test.each(["0.0.0.0:0", "[::]:7000", "node-7:7000", "127.0.0.1.example.com:7000"])(
  "without secret and certificates a node does not listen on %s, unless somebody says --insecure",
  async (listen) => {
    expect(() => parseConfig(["--listen", listen], {})).toThrow("without cluster.secret or cluster.tls");
    expect(parseConfig(["--listen", listen, "--insecure"], {}).listen).toBe(listen);
    const path = await file(JSON.stringify({ cluster: { secret: "sixteen characters" } }));
    expect(parseConfig(["--config", path, "--listen", listen], {}).listen).toBe(listen);
  },
);

test("a secret is at least 16 characters long, and does not show when the configuration is printed", async () => {
  const short = await file(JSON.stringify({ cluster: { secret: "short" } }));
  expect(() => parseConfig(["--config", short], {})).toThrow("cluster.secret");
  const shortFile = await file("correct horse battery staple\nshort\n");
  const short2 = await file(JSON.stringify({ cluster: { secretFile: shortFile } }));
  expect(() => parseConfig(["--config", short2], {})).toThrow("a secret has at least 16 characters");
  const path = await file(JSON.stringify({ cluster: { secret: "correct horse battery staple" } }));
  const { cluster } = parseConfig(["--config", path], {});
  expect(JSON.stringify(cluster) + inspect(cluster)).not.toContain("horse");
});

test.each<[string, object, string]>([
  ["both a secret and a file of it", { cluster: { secret: "x".repeat(16), secretFile: import.meta.filename } }, "both"],
  [
    "a file that is not there",
    { cluster: { tls: { cert: "/absent", key: "/absent", ca: "/absent" } } },
    "cannot be read",
  ],
  ["a certificate without its key", { nats: { tls: { cert: import.meta.filename } } }, "cert and key go together"],
  ["a password of nobody", { nats: { passwordFile: import.meta.filename } }, "passwordFile needs a user"],
  ["two ways to be known", { nats: { user: "u", tokenFile: import.meta.filename } }, "only one of"],
])("%s is a fault", async (_what, config, message) => {
  const path = await file(JSON.stringify(config));
  expect(() => parseConfig(["--config", path], {})).toThrow(message);
});
