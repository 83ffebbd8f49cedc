import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { ConfigurationError, printFault } from "../cluster/mod.ts";
import { Runtime } from "../proto/mod.ts";
import { createAuthority } from "../test/auth/certificates.ts";
import { createTemporaryDirectory } from "../test/contract/temporary_directory.ts";
import { type GatewayConfig, parseConfig } from "./config.ts";

/** Parses a configuration file with this `gateway` section. */
async function parse(gateway: object, ...flags: string[]): Promise<GatewayConfig> {
  await using directory = await createTemporaryDirectory();
  const path = join(directory.path, "config.json");
  await writeFile(path, JSON.stringify({ gateway }));
  return await parseConfig(["--config", path, ...flags], {});
}

/** The lines of the errors that parsing rejects with. */
async function faultsOf(gateway: object, ...flags: string[]): Promise<string[]> {
  const [outcome] = await Promise.allSettled([parse(gateway, ...flags)]);
  if (outcome.status === "fulfilled") return [];
  expect(outcome.reason).toBeInstanceOf(ConfigurationError);
  return outcome.reason.faults.map(printFault).map((line: string) => line.trim());
}

/** Any valid certificate. */
const file = import.meta.filename;
const auth = [{ plugin: "hearth:auth-basic", config: { file } }];
const roles = { admin: { permissions: ["*"] } };

test("a default runtime may be configured besides predefined contexts", async () => {
  const config = await parse({ contexts: { defaultRuntime: "SPARK", jars: { "num-cpu-cores": 2 } } });
  expect(config).toMatchObject({ defaultRuntime: Runtime.SPARK, contexts: { jars: { "num-cpu-cores": 2 } } });
  expect(Object.keys(config.contexts)).toEqual(["jars"]);
  expect((await parse({})).defaultRuntime).toBeUndefined();
  expect(await faultsOf({ contexts: { defaultRuntime: "JVM" } })).toEqual([
    'gateway.contexts.defaultRuntime: expected "DENO" or "SPARK", got "JVM"',
  ]);
});

test("numbers without a JSON form are errors, with their place", async () => {
  const beyond = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON("1e400");
  const config = {
    jobConfig: { a: { b: [beyond] } },
    contexts: { c: { limit: beyond } },
    contextSettings: { x: beyond },
  };
  const kind = "expected text or a number or true or false or null or a list or an object, got Infinity";
  expect(await faultsOf(config)).toEqual([
    `gateway.contexts.c.limit: ${kind}`,
    `gateway.contextSettings.x: ${kind}`,
    `gateway.jobConfig.a.b[0]: ${kind}`,
  ]);
});

test("without auth plugins everything is permitted, on loopback only", async () => {
  expect(await parse({})).toMatchObject({ access: undefined, isExposed: false });
  for (const listen of ["127.0.0.1:0", "127.1.2.3:0", "[::1]:0", "localhost:0"]) {
    expect(await parse({ listen })).toMatchObject({ access: undefined });
  }
});

test.each(["0.0.0.0:0", "[::]:0", "10.0.0.1:80", "example.com:80", "127.0.0.1.example.com:80"])(
  "without auth plugins %s is not listened on, unless somebody says --insecure",
  async (listen) => {
    await expect(parse({ listen })).rejects.toThrow("without an auth plugin anybody who reaches it could run code");
    expect(await parse({ listen }, "--insecure")).toMatchObject({ access: undefined, isExposed: false });
  },
);

test("with auth plugins the gateway may listen on any address", async () => {
  const { access, isExposed } = await parse({ listen: "0.0.0.0:0", auth, roles });
  expect(isExposed).toBe(true);
  expect(access).toMatchObject({
    auth: [{ name: "auth-basic", plugin: expect.stringMatching(/plugins\/auth-basic\/mod\.ts$/), config: { file } }],
    requestsPerSecond: undefined,
    audit: { reads: false, keepDays: 90 },
    openReflection: false,
  });
  expect([...(access?.roles ?? [])]).toEqual([["admin", { permissions: ["*"] }]]);
});

test("third-party plugins keep their configured name", async () => {
  const plugin = resolve(import.meta.dirname, "../plugins/auth-none/mod.ts");
  const { access } = await parse({ auth: [{ plugin }], roles });
  expect(access?.auth).toEqual([{ plugin, config: {}, name: plugin }]);
});

test.each<[string, object, string]>([
  ["auth without roles", { auth }, "auth without roles would allow nobody anything"],
  ["roles without auth", { roles }, "roles without auth would hold nobody to them"],
  ["a permission that is none", { auth, roles: { a: { permissions: ["jobs:st*"] } } }, "must be *, RESOURCE"],
  ["a key that is not known", { auth, roles: { a: { permissions: [], context: ["x"] } } }, "context"],
  ["an empty list of patterns", { auth, roles: { a: { permissions: ["*"], contexts: [] } } }, "contexts"],
  ["a rate of nothing", { auth, roles, limits: { requestsPerSecond: 0 } }, "requestsPerSecond"],
])("%s is an error", async (_what, gateway, message) => {
  await expect(parse(gateway)).rejects.toThrow(message);
});

test.each([undefined, "*", [], ["https://page.example", "http://localhost:3000"]])(
  "allowedOrigins may be %j",
  async (allowedOrigins) => {
    expect((await parse({ allowedOrigins })).allowedOrigins).toEqual(allowedOrigins);
  },
);

test.each(["https://page.example", ["https://page.example/"], ["page.example"], ["*"], ["null"]])(
  "allowedOrigins may not be %j",
  async (allowedOrigins) => {
    await expect(parse({ allowedOrigins })).rejects.toThrow("allowedOrigins");
  },
);

test("all errors are reported at once: keys, rules, files, flags, plugins and their own sections", async () => {
  const faults = await faultsOf(
    {
      lisen: "127.0.0.1:1",
      tls: { cert: "/absent.pem", key: file },
      dao: { plugin: "hearth:dao-postgress" },
      blobs: { plugin: "./absent.ts" },
      auth: [
        { plugin: "hearth:auth-jwt", config: { issuer: "nowhere", audiance: "x" } },
        { plugin: "hearth:dao-memory" },
        { plugin: "grpc://somewhere" },
        { plugin: "grpcs://records:1", config: { timeoutMs: 0, caFile: "/absent.pem" } },
        { plugin: 7 },
      ],
      limits: { streams: 0, headerBytes: "1k" },
      callbacks: { secret: "short" },
      contexts: { "7": {}, shared: { "memory-per-node": "much", "max-jobs-per-context": "few" } },
      allowedOrigins: "https://page.example",
    },
    ...["--listen", "everywhere", "--insecur"],
  );
  expect(faults).toEqual([
    '--insecur: unknown flag; did you mean "--insecure"?',
    '--listen: must be host:port, got "everywhere"',
    "gateway.tls.cert: cannot be read: ENOENT: no such file or directory, open '/absent.pem'",
    'gateway.contexts.shared: memory-per-node must be a size such as 512m, but is "much"',
    'gateway.contexts.shared: max-jobs-per-context must be a whole number, but is "few"',
    'gateway.contexts.7: must be a letter, then letters, digits and ._~-, got "7"',
    "gateway.callbacks.secret: expected at least 16 characters",
    'gateway.allowedOrigins: must be "*" or a list of origins like https://page.example, got "https://page.example"',
    "gateway.auth[4].plugin: expected text, got 7",
    'gateway.limits.headerBytes: expected a number, got "1k"',
    "gateway.limits.streams: expected more than 0, got 0",
    'gateway.lisen: unknown key; did you mean "listen"?',
    "gateway.roles: auth without roles would allow nobody anything",
    'gateway.dao.plugin: unknown plugin "hearth:dao-postgress"; did you mean "hearth:dao-postgres"?',
    expect.stringMatching(/^gateway\.blobs\.plugin: cannot load "\.\/absent\.ts": Cannot find module '.*absent\.ts'$/),
    "gateway.auth[0].config.issuer: expected a URL",
    "gateway.auth[0].config.audience: missing; expected text or a list",
    'gateway.auth[0].config.audiance: unknown key; did you mean "audience"?',
    'gateway.auth[1].plugin: cannot check "hearth:dao-memory": it is of kind "dao", not "auth"',
    'gateway.auth[2].plugin: cannot load "grpc://somewhere": not a valid grpc://HOST:PORT, grpcs://NAME:PORT or unix:/PATH',
    "gateway.auth[3].config.timeoutMs: expected more than 0, got 0",
    "gateway.auth[3].config.caFile: cannot be read: ENOENT: no such file or directory, open '/absent.pem'",
  ]);
});

test("invalid settings of contexts are errors", async () => {
  const contexts = { small: { "memory-per-node": "1k", "idle-timeout": "0s" }, odd: { env: { "A=B": "hunter2" } } };
  const memory = "must be greater than or equal to 33554432 and less than or equal to 1099511627776, got 1024";
  expect(await faultsOf({ contexts, contextSettings: { "max-age": 1 } })).toEqual([
    `gateway.contexts.small: memory_bytes: ${memory}`,
    "gateway.contexts.small: idle_timeout: must be greater than or equal to 1s, got 0s",
    'gateway.contexts.odd: env, key: must not be empty, and have no `=` and no NUL, got "A=B"',
    "gateway.contextSettings: max_age: must be greater than or equal to 1s, got 0.001s",
  ]);
});

test("errors contain nothing of a secret", async () => {
  const password = "hunter2";
  const faults = await faultsOf({
    callbacks: { secret: password },
    dao: {
      plugin: "hearth:dao-postgres",
      config: { url: `pg://u:${password}@db`, password: [password], schema: password.toUpperCase() },
    },
  });
  expect(faults).toHaveLength(4);
  expect(faults.join().toLowerCase()).not.toContain(password);
});

test("a certificate that does not match its key is an error", async () => {
  await using directory = await createTemporaryDirectory();
  const authority = await createAuthority(directory.path, "authority");
  const [one, two] = await Promise.all(["one", "two"].map((name) => authority.issue(name, { name })));
  expect(await faultsOf({ tls: { cert: one?.cert, key: two?.key } })).toEqual([
    expect.stringMatching(/^gateway\.tls: these files cannot be used together: .*mismatch/),
  ]);
});
