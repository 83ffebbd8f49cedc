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

/** The error of a command line. */
function faultOf(...args: string[]): string {
  try {
    parseConfig(args, {});
  } catch (error) {
    return (error as Error).message;
  }
  return "It was taken";
}

test("parseConfig() has a default for everything", () => {
  expect(parseConfig([], {})).toEqual({
    nats: { url: "nats://127.0.0.1:4222" },
    cluster: LOOPBACK_CLUSTER,
    logLevel: "info",
    listen: "127.0.0.1:0",
    advertise: undefined,
    dataDir: resolve(".hearth/node"),
    cacheBytes: 4 * 1024 ** 3,
    memoryBytes: expect.any(Number),
    maxResultBytes: 256 * 1024 ** 2,
    loadTimeoutMs: 60_000,
    labels: {},
    sandbox: { isolation: "auto", bubblewrap: undefined },
    secrets: { dir: undefined, contexts: { "*": ["*"] } },
    permissions: { net: { "*": ["*"] } },
    spares: 1,
    spark: {
      enabled: "auto",
      home: undefined,
      java: undefined,
      master: "local[*]",
      deployMode: "client",
      conf: {},
      hadoop: {},
      env: {},
      libraries: [],
      listen: "127.0.0.1:0",
      advertise: undefined,
      spares: 1,
      startTimeoutMs: 120_000,
      onNewVersion: "replace",
      replaceTimeoutMs: 600_000,
      confine: true,
      folders: [],
      environment: {},
    },
    drainTimeoutMs: 30_000,
    configFile: undefined,
  });
});

test("parseConfig() names an invalid entry of node.permissions.net", async () => {
  const path = await file(JSON.stringify({ node: { permissions: { net: { "team-*": ["10.0.0.0/8", "10.*"] } } } }));
  expect(faultOf("--config", path)).toContain('node.permissions.net["team-*"][1]: must be *, a host');
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

test("parseConfig() lists all errors at once, including flags and rules between keys", async () => {
  const path = await file(
    JSON.stringify({
      nats: { user: "u", tokenFile: import.meta.filename, uri: "x" },
      cluster: { secret: "short" },
      gatway: {},
      node: { labels: ["zone"], spares: 1.5, spare: 2 },
    }),
  );
  const fault = faultOf("--config", path, "--listen", "nowhere", "--lisen", "7", "--nats");
  expect(fault).toBe(`Cannot start the context node with configuration "${path}": 11 faults
  --lisen: unknown flag; did you mean "--listen"?
  7: expected flags only
  --nats: expected <url> after it
  nats.uri: unknown key; did you mean "url"?
  nats: only one of credentialsFile, user and tokenFile can be used
  cluster.secret: expected at least 16 characters
  --listen: must be host:port, got "nowhere"
  node.labels: expected an object, got a list
  node.spares: expected a whole number, got 1.5
  node.spare: unknown key; did you mean "spares"?
  gatway: unknown key; did you mean "gateway"?`);
});

test("parseConfig() refuses a missing or malformed file and still lists the errors of flags", async () => {
  const path = await file("{");
  expect(
    faultOf("--config", path, "--port=1"),
  ).toBe(`Cannot start the context node with configuration "${path}": 2 faults
  --port: unknown flag
  ${path}: cannot be read: Expected property name or '}' in JSON at position 1 (line 1 column 2)`);
  expect(faultOf("--config", "/nowhere.json")).toContain("/nowhere.json: cannot be read: ENOENT");
  expect(faultOf("--config", await file("[]"))).toContain("expected an object, got a list");
});

test.each([
  [["--listen", "localhost"], '--listen: must be host:port, got "localhost"'],
  [["--listen=[::1]:65536"], '--listen: must be host:port, with a port of at most 65535, got "[::1]:65536"'],
  [["--log-level", "loud"], '--log-level: expected trace, debug, info, warn, error, fatal, got "loud"'],
  [["--insecure=no"], '--insecure: takes no value, got "no"'],
  [["--data-dir", "--insecure"], "--data-dir: expected <path> after it"],
])("parseConfig() reports the error of %j", (args, fault) => {
  expect(faultOf(...args)).toBe(`Cannot start the context node with these flags and variables: 1 fault\n  ${fault}`);
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

test("files may have a byte order mark and CRLF, but not be UTF-16", async () => {
  const secretFile = await file("\ufeffthe secret of them all\r\n");
  const text = JSON.stringify({ cluster: { secretFile }, node: { labels: { zone: "a" } } }, undefined, 2);
  const path = await file(`\ufeff${text.replaceAll("\n", "\r\n")}`);
  expect(parseConfig(["--config", path], {})).toMatchObject({
    cluster: { secret: { file: secretFile } },
    labels: { zone: "a" },
  });
  await writeFile(secretFile, "\ufeffthe secret of them all\r\n", "utf16le");
  expect(() => parseConfig(["--config", path], {})).toThrow(
    "cluster.secretFile: cannot be read: it is UTF-16; save it as UTF-8",
  );
  await writeFile(path, `\ufeff${text}`, "utf16le");
  expect(() => parseConfig(["--config", path], {})).toThrow(`${path}: cannot be read: it is UTF-16; save it as UTF-8`);
});

test("a secret has at least 16 characters and is not printed with the configuration", async () => {
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
])("%s is an error", async (_what, config, message) => {
  const path = await file(JSON.stringify(config));
  expect(() => parseConfig(["--config", path], {})).toThrow(message);
});
