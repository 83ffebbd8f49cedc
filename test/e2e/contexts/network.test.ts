import { createServer } from "node:http";
import { ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Context_State, ContextService, JobService } from "../../../proto/mod.ts";
import { basicProof, passwordOf, writeUsers } from "../../auth/credentials.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { createRestAs, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const PROGRAM = `
export const Call = async ({ config }) => (await fetch(config.url)).text();
export const Connect = async ({ config }) => { (await Deno.connect(config)).close(); return "connected"; };`;

const stack = new AsyncDisposableStack();
let hearth: Hearth;
/** Of a server on loopback that answers "reached". */
let port: number;
/** By the users' names. */
let rest: Readonly<Record<"admin" | "mallory" | "granter" | "runner", Rest>>;

const proofOf = (name: string) => basicProof(name, passwordOf(name));

beforeAll(async () => {
  const server = createServer((_, response) => response.end("reached"));
  stack.defer(() => new Promise<void>((resolve) => server.close(() => resolve())));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;

  const { path } = stack.use(await createTemporaryDirectory());
  const users = { admin: ["admin"], mallory: ["team-m"], granter: ["team-m", "granter"], runner: ["runner"] };
  const file = await writeUsers(path, users);
  hearth = stack.use(
    await startHearth({
      headers: proofOf("admin"),
      config: {
        node: { permissions: { net: { "*": ["*", "localhost"], "team-m-db-*": [`127.0.0.1:${port}`] } } },
        gateway: {
          auth: [{ plugin: "hearth:auth-basic", config: { file } }],
          contextSettings: { permissions: { net: ["default.example.com"] } },
          contexts: { predefined: { permissions: { net: ["api.example.com"] } } },
          roles: {
            admin: { permissions: ["*"] },
            "team-m": { permissions: ["jobs:*", "contexts:*", "binaries:*"], contexts: ["team-m-*"] },
            granter: { permissions: ["contexts:grant"], contexts: ["team-m-*"] },
            runner: { permissions: ["jobs", "contexts", "binaries:*"] },
          },
        },
      },
    }),
  );
  const as = (name: string) => createRestAs(hearth.url, proofOf(name));
  rest = { admin: as("admin"), mallory: as("mallory"), granter: as("granter"), runner: as("runner") };
  await rest.admin.upload("call", PROGRAM);
  await rest.mallory.createContext("team-m-plain");
});
afterAll(() => stack.disposeAsync());

const NET = { permissions: { net: ["api.example.com:443"] } };

/** What the job `Call` or `Connect` in a context returned, or why it failed. */
async function outcome(context: string, entryPoint: string, config: object): Promise<unknown> {
  const { job, result } = await rest.admin.run({ binary: "call", entryPoint, context, config });
  return job.error?.message ?? result;
}

describe("a caller without contexts:grant", () => {
  const denied = (principal: string, grants = "net api.example.com:443", context?: string) =>
    `Cannot grant ${grants}${context === undefined ? "" : ` to context "${context}"`} as "${principal}": ` +
    'no role allows permission "contexts:grant" for it; only "*" and "contexts:grant" itself stand for that';

  test.each<[string, string, string, object, string | undefined, string?]>([
    ["mallory", "POST", "/v1/contexts", { name: "team-m-a", settings: NET }, undefined, "team-m-a"],
    ["mallory", "POST", "/v1/contexts/team-m-a", NET, undefined, "team-m-a"],
    ["mallory", "POST", "/v1/contexts/team-m-plain:restart", { settings: NET }, undefined, "team-m-plain"],
    ["mallory", "POST", "/v1/contexts/team-m-a", { permissions: { secrets: ["db-*"] } }, "secrets db-*", "team-m-a"],
    [
      ...(["mallory", "POST", "/v1/contexts/team-m-a"] as const),
      { permissions: { net: ["a.example.com", "b.example.com"], secrets: ["db"] } },
      "net a.example.com, b.example.com and secrets db",
      "team-m-a",
    ],
    [
      ...(["mallory", "POST", "/v1/contexts/team-m-a"] as const),
      { settings: { spark: { "proxy.user": "root" } } },
      "spark.proxy.user root",
      "team-m-a",
    ],
    ["runner", "POST", "/v1/jobs", { binary: "call", entryPoint: "Call", contextSettings: NET }, undefined],
    ["runner", "POST", "/v1/jobs:run", { binary: "call", entryPoint: "Call", contextSettings: NET }, undefined],
  ])("%s is refused %s %s %j", async (who, method, path, body, grants, context) => {
    expect(await rest[who as keyof typeof rest].call(method, path, body)).toMatchObject({
      status: 403,
      body: { code: "permission_denied", message: denied(who, grants, context) },
    });
  });

  test("cannot use a proxy user by spark-jobserver's API", async () => {
    expect(await rest.mallory.call("POST", "/contexts/team-m-a?spark.proxy.user=root", {})).toMatchObject({
      status: 403,
      body: { result: denied("mallory", "spark.proxy.user root", "team-m-a") },
    });
  });

  const transports: Readonly<Record<string, () => Transport>> = {
    "Connect, HTTP/1.1": () => createConnectTransport({ baseUrl: hearth.url, httpVersion: "1.1" }),
    "Connect, HTTP/2": () => createConnectTransport({ baseUrl: hearth.url, httpVersion: "2" }),
    gRPC: () => createGrpcTransport({ baseUrl: hearth.url }),
    "gRPC-Web": () => createGrpcWebTransport({ baseUrl: hearth.url, httpVersion: "1.1" }),
  };

  test.each(Object.keys(transports))("is refused by %s", async (name) => {
    const transport = transports[name]?.() ?? expect.fail();
    const contexts = createClient(ContextService, transport);
    const jobs = createClient(JobService, transport);
    const [mallory, runner] = ["mallory", "runner"].map((user) => ({ headers: proofOf(user) }));
    const job = { binary: "call", entryPoint: "Call", contextSettings: NET };
    const calls = await Promise.allSettled([
      contexts.createContext({ name: "team-m-a", settings: NET }, mallory),
      contexts.restartContext({ context: "team-m-plain", settings: NET }, mallory),
      jobs.submitJob({ job }, runner),
      jobs.runJob({ job }, runner),
    ]);
    const messages = calls.map((call) => (call.status === "rejected" ? ConnectError.from(call.reason).message : ""));
    const code = "[permission_denied]";
    expect(messages).toEqual([
      `${code} ${denied("mallory", undefined, "team-m-a")}`,
      `${code} ${denied("mallory", undefined, "team-m-plain")}`,
      `${code} ${denied("runner")}`,
      `${code} ${denied("runner")}`,
    ]);
  });

  const HOCON = `spark.context-settings.permissions.net = ["api.example.com:443"]`;

  test.each<[string, string, string?]>([
    ["mallory", "/contexts/team-m-a?permissions.net=api.example.com:443"],
    ["mallory", "/contexts/team-m-a", HOCON],
    ["mallory", "/contexts/team-m-plain/restart?permissions.net=api.example.com:443"],
    ["mallory", "/contexts/team-m-plain/restart", HOCON],
    ["runner", "/jobs?appName=call&classPath=Call", HOCON],
    ["runner", "/jobs?appName=call&classPath=Call&sync=true", HOCON],
  ])("%s is refused POST %s %s by spark-jobserver's API", async (who, path, body) => {
    const answer = await fetch(hearth.url + path, { method: "POST", headers: proofOf(who), body: body ?? "" });
    expect([answer.status, await answer.json()]).toEqual([
      403,
      { status: "ERROR", result: expect.stringContaining("Cannot grant net api.example.com:443") },
    ]);
  });

  test("can use contexts whose grants come from the configuration of spark-jobserver's API", async () => {
    const path = "/contexts/team-m-default";
    const created = await fetch(hearth.url + path, { method: "POST", headers: proofOf("mallory") });
    expect(created.status).toBe(200);
    const { body } = await rest.admin.call("GET", `/v1${path}`);
    expect(body).toMatchObject({ settings: { permissions: { net: ["default.example.com"] } } });
  });

  test("may do everything else, and its denials are in the audit log", async () => {
    await rest.mallory.call("POST", "/v1/contexts/team-m-audited", NET);
    await until("the refusal is in the log", async () => {
      const { body } = await rest.admin.call("GET", "/v1/audit?page_size=1000&principal=mallory");
      const { entries } = body as unknown as { entries?: { context?: string; [key: string]: unknown }[] };
      const entry = entries?.find(({ context }) => context === "team-m-audited");
      if (entry === undefined) return false;
      expect(entry).toMatchObject({ permission: "contexts:grant", outcome: "REFUSED", reason: "GRANT_DENIED" });
      return true;
    });
    const { name } = await rest.mallory.createContext("team-m-empty", { permissions: {}, env: { A: "b" } });
    expect(name).toBe("team-m-empty");
    expect(await rest.mallory.call("POST", "/v1/contexts/team-m-empty:restart", {})).toMatchObject({ status: 200 });
  });
});

describe("a caller with contexts:grant", () => {
  test("grants what the node's configuration allows, in contexts of its role", async () => {
    const { settings } = await rest.granter.createContext("team-m-open", NET);
    expect(settings?.permissions?.net).toEqual(["api.example.com:443"]);
    expect(await rest.granter.call("POST", "/v1/contexts/other", NET)).toMatchObject({ status: 403 });
  });

  test.each([
    ...["127.0.0.1", "127.0.0.1:4222", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254", "[fd00:ec2::254]"],
    ...["db", "metadata.google.internal", "a.localhost", "0.0.0.0"],
  ])("does not get %s, which the configuration does not name, and reads why", async (host) => {
    const name = `team-m-${host.replaceAll(/[^a-z0-9]/g, "-")}-x`;
    const { warnings, state } = await rest.granter.createContext(name, { permissions: { net: [host] } });
    const warning =
      `Jobs get no connections to ${host}: the configuration of the node, node.permissions.net, does not allow that to context "${name}". ` +
      'Loopback, private and other special addresses and names have to be named there; "*" does not name them. Ask the operator of the node';
    expect({ warnings, state }).toEqual({ warnings: [warning], state: Context_State.RUNNING });
    const hostname = host.replaceAll(/[[\]]|:4222$/g, "");
    expect(await outcome(name, "Connect", { hostname, port })).toMatch(/^Requires net access to/);
    await rest.granter.call("POST", `/v1/contexts/${name}:stop`, { force: true });
  });

  test.each(["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "127.0.0.1.", "::1", "vsock:1:80"])(
    "does not get %s, which is no host, and reads why",
    async (host) => {
      const { warnings } = await rest.granter.createContext("team-m-b", { permissions: { net: [host] } });
      expect(warnings).toEqual([expect.stringContaining(`${JSON.stringify(host)}: a host is a DNS name`)]);
      expect(await outcome("team-m-b", "Connect", { hostname: host, port })).not.toBe("connected");
      await rest.granter.call("POST", "/v1/contexts/team-m-b:stop", { force: true });
    },
  );

  test("cannot exceed the node's configuration by a restart, by spark-jobserver's API, or for a job's own context", async () => {
    const net = ["127.0.0.1"];
    await rest.granter.createContext("team-m-c", NET);
    const restarted = await rest.granter.call("POST", "/v1/contexts/team-m-c:restart", {
      settings: { permissions: { net } },
    });
    expect(restarted.body).toMatchObject({ warnings: [expect.stringContaining("no connections to 127.0.0.1:")] });
    const posted = await fetch(`${hearth.url}/contexts/team-m-d?permissions.net=127.0.0.1`, {
      method: "POST",
      headers: proofOf("granter"),
    });
    expect(posted.status).toBe(200);
    for (const context of ["team-m-c", "team-m-d"]) {
      expect(await outcome(context, "Connect", { hostname: "127.0.0.1", port })).toMatch(/^Requires net access/);
    }
    const { job } = await rest.admin.run({
      ...{ binary: "call", entryPoint: "Connect", config: { hostname: "127.0.0.1", port } },
      contextSettings: { permissions: { net } },
    });
    expect(job.error?.message).toMatch(/^Requires net access/);
  });
});

describe("what jobs reach", () => {
  test("a context with granted names does not reach loopback addresses, even if a name resolves to one", async () => {
    await rest.admin.createContext("names", { permissions: { net: ["localhost", "api.example.com"] } });
    for (const host of ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254"]) {
      const hostname = host.replaceAll(/[[\]]/g, "");
      expect(await outcome("names", "Connect", { hostname, port })).toMatch(/^Requires net access to/);
    }
  });

  test("a context reaches a loopback address that the configuration lists, on that port only", async () => {
    await rest.granter.createContext("team-m-db-1", { permissions: { net: [`127.0.0.1:${port}`] } });
    expect(await outcome("team-m-db-1", "Call", { url: `http://127.0.0.1:${port}/` })).toBe("reached");
    const natsPort = Number(new URL(hearth.natsUrl).port);
    expect(await outcome("team-m-db-1", "Connect", { hostname: "127.0.0.1", port: natsPort })).toMatch(/^Requires net/);
  });

  test("a context in the gateway's configuration gets the grants that are listed there", async () => {
    const { body } = await rest.admin.call("GET", "/v1/contexts/predefined");
    expect(body).toMatchObject({ state: "RUNNING", settings: { permissions: { net: ["api.example.com"] } } });
  });
});
