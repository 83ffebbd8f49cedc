import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../test/contract/temporary_directory.ts";
import { parseConfig } from "./config.ts";

test("parseConfig() has a default for everything", async () => {
  expect(await parseConfig([], {})).toEqual({
    listen: "127.0.0.1:8090",
    dataDir: ".hearth",
    nodes: 1,
    configFile: undefined,
    natsUrl: undefined,
    hasClusterIdentity: false,
  });
});

test("parseConfig() reads flags, and the NATS server from the environment", async () => {
  await using directory = await createTemporaryDirectory();
  const config = join(directory.path, "h.json");
  await writeFile(config, "{}");
  const args = ["--listen", "127.0.0.1:0", "--data-dir", "/d", "--nodes", "3", "--config", config];
  expect(await parseConfig(args, { NATS_URL: "nats://n:1" })).toEqual({
    listen: "127.0.0.1:0",
    dataDir: "/d",
    nodes: 3,
    configFile: config,
    natsUrl: "nats://n:1",
    hasClusterIdentity: false,
  });
  expect(await parseConfig(["--nats", "nats://m:2"], { NATS_URL: "nats://n:1" })).toMatchObject({
    natsUrl: "nats://m:2",
  });
});

test("parseConfig() reads the longest drain of a process from the file", async () => {
  await using directory = await createTemporaryDirectory();
  const config = join(directory.path, "h.json");
  await writeFile(config, JSON.stringify({ gateway: { drainTimeoutMs: 5 }, node: { drainTimeoutMs: 2_147_483_647 } }));
  expect(await parseConfig(["--config", config], {})).toMatchObject({ drainTimeoutMs: 2_147_483_647 });
});

test("parseConfig() adds the gateway's drain delay to its default drain timeout", async () => {
  await using directory = await createTemporaryDirectory();
  const config = join(directory.path, "h.json");
  await writeFile(config, JSON.stringify({ gateway: { drainDelayMs: 60_000 } }));
  expect(await parseConfig(["--config", config], {})).toMatchObject({ drainTimeoutMs: 70_000 });
});

test("parseConfig() reads the addresses of gateway and NATS from the file if there are no flags", async () => {
  await using directory = await createTemporaryDirectory();
  const config = join(directory.path, "h.json");
  await writeFile(config, JSON.stringify({ nats: { url: "nats://f:1" }, gateway: { listen: "127.0.0.2:7" } }));
  const args = ["--config", config];
  expect(await parseConfig(args, {})).toMatchObject({ listen: "127.0.0.2:7", natsUrl: "nats://f:1" });
  expect(await parseConfig([...args, "--listen", "127.0.0.3:7"], { NATS_URL: "nats://e:1" })).toMatchObject({
    ...{ listen: "127.0.0.3:7", natsUrl: "nats://e:1" },
  });
});

test.each([
  ["nothing", {}, { natsUrl: undefined, hasClusterIdentity: false }],
  ["empty sections", { nats: {}, cluster: {} }, { natsUrl: undefined, hasClusterIdentity: false }],
  ["how to reach NATS", { nats: { user: "me" } }, { natsUrl: "nats://127.0.0.1:4222" }],
  ["a secret", { cluster: { secret: "a secret of some length" } }, { hasClusterIdentity: true }],
  ["that none is needed", { cluster: { insecure: true } }, { hasClusterIdentity: true }],
  ["that one is needed", { cluster: { insecure: false } }, { hasClusterIdentity: false }],
])("parseConfig() uses NATS and the cluster of the file: %s", async (_, content, expected) => {
  await using directory = await createTemporaryDirectory();
  const config = join(directory.path, "h.json");
  await writeFile(config, JSON.stringify(content));
  expect(await parseConfig(["--config", config], {})).toMatchObject(expected);
});

test("parseConfig() reports all invalid flags at once", async () => {
  const args = ["--nodes", "0", "--listen", "8090", "--port", "1"];
  await expect(parseConfig(args, {})).rejects.toThrow(`Cannot start Hearth with these flags and variables: 4 faults
  --port: unknown flag
  1: expected flags only
  --listen: must be host:port: "127.0.0.1:8090" is this machine only, "[::]:8090" all of its addresses
  --nodes: expected a whole number from 1, got "0"`);
});

test("parseConfig() reports faults that gateway and node find in the configuration file, each once", async () => {
  await using directory = await createTemporaryDirectory();
  const config = join(directory.path, "h.json");
  await writeFile(
    config,
    JSON.stringify({ gatway: {}, nats: { uri: "x" }, gateway: { limits: { streams: 0 } }, node: { spare: 1 } }),
  );
  await expect(
    parseConfig(["--config", config, "--nodes", "two"], {}),
  ).rejects.toThrow(`Cannot start Hearth with configuration "${config}": 5 faults
  --nodes: expected a whole number from 1, got "two"
  nats.uri: unknown key; did you mean "url"?
  gateway.limits.streams: expected more than 0, got 0
  gatway: unknown key; did you mean "gateway"?
  node.spare: unknown key; did you mean "spares"?`);
});
