import { createServer, type Server } from "node:http";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ContextSettings } from "../../proto/node.ts";
import { bundle, outcomeOf, resultOf, run, startSandbox, startTestRuntime } from "../deno/testing/mod.ts";
import type { Runtime, Sandbox } from "../runtime/mod.ts";
import { type NetworkPolicy, networkWarnings, withNetwork } from "./mod.ts";

const stack = new AsyncDisposableStack();
let deno: Runtime;
let port: number;
/** Connections and requests that reached the server of this test. */
let reached = 0;

beforeAll(async () => {
  deno = stack.use(await startTestRuntime());
  const server = createServer((request, response) => {
    const to = new URL(request.url ?? "/", "http://x").searchParams.get("to");
    if (to !== null) response.writeHead(302, { location: to });
    response.end("reached");
  });
  server.on("connection", () => {
    reached += 1;
  });
  stack.defer(() => new Promise<void>((resolve) => server.close(() => resolve())));
  port = await listen(server);
});
afterAll(() => stack.disposeAsync());

/** On all addresses of this machine, IPv4 and IPv6. */
function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

async function sandboxFor(net: readonly string[], policy: NetworkPolicy): Promise<Sandbox> {
  const runtime = withNetwork(deno, { policy });
  return startSandbox(runtime, { permissions: { net: [...net], secrets: [] } }, { reach: undefined });
}

/** Ways to connect or to listen. Each resolves when it succeeded. */
const WAYS = {
  fetch: "await (await fetch('http://' + host + ':' + port)).text();",
  "Deno.connect": "(await Deno.connect({ hostname, port })).close();",
  "Deno.connectTls": "(await Deno.connectTls({ hostname, port })).close();",
  WebSocket: `await new Promise((resolve, reject) => {
    const socket = new WebSocket(\`ws://\${host}:\${port}/\`);
    Object.assign(socket, { onopen: resolve, onerror: (event) => reject(new Error(event.message)) });
  });`,
  EventSource: `await new Promise((resolve, reject) => {
    const source = new EventSource(\`http://\${host}:\${port}/\`);
    Object.assign(source, { onopen: resolve, onerror: () => { source.close(); reject(new Error("no connection")); } });
  });`,
  "a proxy of fetch": `const client = Deno.createHttpClient({ proxy: { url: \`http://\${host}:\${port}\` } });
    await (await fetch("http://proxied.example/", { client })).text();`,
  "node:net": `const { connect } = await import("node:net");
    await emitted(connect(port, hostname), "connect");`,
  "node:net with a lookup of its own": `const { connect } = await import("node:net");
    const found = hostname.includes(":") ? { address: "::1", family: 6 } : { address: "127.0.0.1", family: 4 };
    const lookup = (_, { all }, done) => (all ? done(null, [found]) : done(null, found.address, found.family));
    await emitted(connect({ port, host: "granted.example", lookup }), "connect");`,
  "node:tls": `const { connect } = await import("node:tls");
    await emitted(connect(port, hostname, { rejectUnauthorized: false }), "connect");`,
  "node:http": `const { get } = await import("node:http");
    await emitted(get({ host: hostname, port }), "response");`,
  "node:http2": `const { connect } = await import("node:http2");
    await emitted(connect(\`http://\${host}:\${port}\`), "connect");`,
} as const;

const LISTENING = {
  "Deno.listen": "Deno.listen({ hostname, port: 0 }).close();",
  "Deno.serve": "await Deno.serve({ hostname, port: 0, onListen() {} }, () => new Response()).shutdown();",
  "node:net": `const server = (await import("node:net")).createServer();
    await emitted(server.listen(0, hostname), "listening"); server.close();`,
  "node:dgram": `const socket = (await import("node:dgram")).createSocket(hostname.includes(":") ? "udp6" : "udp4");
    await emitted(socket.bind(0, hostname), "listening"); socket.close();`,
} as const;

/** A job that tries one way. A late error counts as a refusal too. */
const job = (way: string, hostname: string) => `
  const hostname = ${JSON.stringify(hostname)}, port = ${port};
  const host = hostname.includes(":") ? \`[\${hostname}]\` : hostname;
  const emitted = (emitter, name) => new Promise((resolve, reject) => {
    emitter.once(name, resolve);
    emitter.once("error", reject);
  });
  export async function job({ signal }) {
    ${way}
    return "connected";
  }`;

const REFUSED = /Requires net access|no connection|NotCapable|fetch failed/;

describe("a context whose configuration names the name localhost, but no loopback address", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    const grants = ["localhost", "granted.example", "proxied.example"];
    sandbox = stack.use(await sandboxFor(grants, { "*": ["*", "localhost"] }));
  });

  test.for(Object.keys(WAYS) as (keyof typeof WAYS)[])("does not reach it by %s", async (way) => {
    const before = reached;
    expect(await outcomeOf(sandbox, job(WAYS[way], "localhost"))).toMatchObject({
      type: "failed",
      error: { message: expect.stringMatching(REFUSED) },
    });
    expect(reached).toBe(before);
  });

  test.for(Object.keys(LISTENING) as (keyof typeof LISTENING)[])("does not listen there by %s", async (way) => {
    expect(await outcomeOf(sandbox, job(LISTENING[way], "localhost"))).toMatchObject({ type: "failed" });
  });
});

describe("a context that was granted a public name alone", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = stack.use(await sandboxFor(["api.example.com"], { "*": ["*"] }));
  });

  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const hosts = new Set(["127.0.0.1", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1", "169.254.169.254", "localhost"]);
  for (const { address } of own) if (!address.startsWith("fe80:")) hosts.add(address);

  test.for([...hosts])("does not reach %s", async (hostname) => {
    const before = reached;
    expect(await outcomeOf(sandbox, job(WAYS["Deno.connect"], hostname))).toMatchObject({
      type: "failed",
      error: { message: expect.stringMatching(/Requires net access/) },
    });
    expect(reached).toBe(before);
  });

  test.for([
    'Deno.env.set("RES_OPTIONS", ""); return (await import("node:process")).env.PATH ?? "none";',
    "return await Deno.resolveDns('api.example.com', 'A');",
    "Deno.listenDatagram({ transport: 'udp', hostname: '0.0.0.0', port: 0 });",
    "await Deno.connect({ transport: 'unix', path: '/run/nothing.sock' });",
    "return typeof WebTransport + typeof Deno.connectQuic + typeof Deno.QuicEndpoint;",
  ])("has no other way out: %s", async (code) => {
    const outcome = await outcomeOf(sandbox, `export const job = async () => { ${code} };`);
    if (outcome.type === "succeeded") expect(outcome.json).toMatch(/^"(?:none|(?:undefined)+)"$/);
    else expect(outcome.type).toBe("failed");
  });
});

describe("a context whose configuration names an address of loopback on one port", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    const policy = { "*": ["*", "localhost", `127.0.0.1:${port}`] };
    sandbox = stack.use(await sandboxFor([`127.0.0.1:${port}`, "localhost:9"], policy));
  });

  test.for(["fetch", "Deno.connect", "node:net", "node:http"] as const)("reaches it by %s", async (way) => {
    expect(await resultOf(sandbox, job(WAYS[way], "127.0.0.1"))).toBe("connected");
  });

  test("does not reach its other ports, neither by address nor by name", async () => {
    for (const hostname of ["127.0.0.1", "localhost"]) {
      const code = `export const job = () => Deno.connect({ hostname: "${hostname}", port: 9 });`;
      expect(await outcomeOf(sandbox, code)).toMatchObject({
        error: { message: expect.stringMatching(/Requires net access to "(?:127\.0\.0\.1|\[::1\]):9"/) },
      });
    }
  });

  test.for(["http://[::1]", "http://localhost", "http://0.0.0.0", "http://127.0.0.2"])(
    "is not led to %s by a redirect",
    async (target) => {
      const url = `http://127.0.0.1:${port}/?to=${encodeURIComponent(`${target}:${port}/`)}`;
      const code = `export const job = async () => (await fetch(${JSON.stringify(url)})).text();`;
      expect(await outcomeOf(sandbox, code)).toMatchObject({
        type: "failed",
        error: { message: expect.stringMatching(REFUSED) },
      });
    },
  );
});

test("a sandbox that asks for more than the configuration allows runs without it, and rejects programs that need it", async () => {
  const sandbox = stack.use(await sandboxFor(["127.0.0.1", "api.example.com"], { "*": ["*"] }));
  expect(await outcomeOf(sandbox, job(WAYS["Deno.connect"], "127.0.0.1"))).toMatchObject({
    error: { message: expect.stringMatching(/^Requires net access to "127.0.0.1:/) },
  });
  const program = await bundle("export const job = () => 1;", { manifest: { permissions: { net: ["127.0.0.1:80"] } } });
  expect(await run(sandbox, program).outcome).toMatchObject({
    type: "denied",
    message: expect.stringContaining('context "test-context" grants net api.example.com. Missing: net 127.0.0.1:80'),
  });
});

test("networkWarnings() warns when names cannot be kept from private IPv6 addresses", () => {
  const warn = (net: string[], entries: string[], isResolverBounded = false) =>
    networkWarnings(
      { name: "a", settings: ContextSettings.fromPartial({ permissions: { net } }) },
      { policy: { "*": entries }, isResolverBounded },
    );
  const warning = [expect.stringContaining("Names may resolve to private IPv6 addresses")];
  expect(warn(["api.example.com"], ["*"])).toEqual(warning);
  expect(warn(["api.example.com"], ["*"], true)).toEqual([]);
  expect(warn(["api.example.com"], ["*", "::/0"])).toEqual([]);
  expect(warn(["1.1.1.1"], ["*"])).toEqual([]);
  expect(warn([], ["*"])).toEqual([]);
});
