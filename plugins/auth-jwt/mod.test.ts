import { SignJWT } from "jose";
import { expect, onTestFinished, test, vi } from "vitest";
import { type OidcServer, startOidcServer } from "../../test/auth/oidc_server.ts";
import { credentialsWith, describeAuth } from "../../test/contract/auth_suite.ts";
import { until } from "../../test/until.ts";
import type { Auth } from "../contract/mod.ts";
import jwt from "./mod.ts";

const { signal } = new AbortController();
const AUDIENCE = "https://hearth.example";

function start(issuer: string, config: object = {}): Promise<Auth> {
  const parsed = jwt.config.parse({ issuer, audience: AUDIENCE, rolesClaim: "roles", keysCooldownMs: 0, ...config });
  return jwt.start({ config: parsed, log: { info() {}, warn() {} }, signal });
}

function bearer(token: string) {
  return credentialsWith({ authorization: `Bearer ${token}` });
}

const now = (): number => Math.floor(Date.now() / 1000);

/** The parts of a token, with one of them replaced. */
function withPart(token: string, index: number, json: object): string {
  return token
    .split(".")
    .with(index, Buffer.from(JSON.stringify(json)).toString("base64url"))
    .join(".");
}

describeAuth("auth-jwt", async () => {
  const server = await startOidcServer();
  const { issuer } = server;
  const token = await server.token(AUDIENCE, ["deployer"]);
  const claims = { iss: issuer, aud: AUDIENCE, sub: "alice", exp: now() + 600 };
  const hmac = (secret: string) =>
    new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
  const published = await (await fetch(`${issuer}/jwks`)).text();
  return {
    open: () => start(issuer),
    good: { credentials: bearer(token), principal: { id: "ci", roles: ["deployer"] } },
    bad: {
      "another audience": bearer(await server.token("https://other.example")),
      "no audience": bearer(await server.sign({ ...claims, aud: [] })),
      "expired long ago": bearer(await server.sign({ ...claims, exp: now() - 60 })),
      "no end": bearer(await server.sign({ iss: issuer, aud: AUDIENCE, sub: "alice" })),
      "not valid yet": bearer(await server.sign({ ...claims, nbf: now() + 600 })),
      "no subject": bearer(await server.sign({ iss: issuer, aud: AUDIENCE, exp: now() + 600 })),
      "a changed payload": bearer(withPart(token, 1, { ...claims, roles: ["admin"] })),
      "alg none": bearer(
        `${withPart(withPart(token, 0, { alg: "none" }), 1, claims)
          .split(".", 2)
          .join(".")}.`,
      ),
      "alg None with its signature": bearer(withPart(token, 0, { alg: "None" })),
      "a shared secret": bearer(await hmac("secret")),
      "the public key as shared secret": bearer(await hmac(published)),
      "another algorithm": bearer(await server.sign(claims, { alg: "RS256", kid: "unknown" })),
      "no signature": bearer(`${token.split(".", 2).join(".")}.`),
      "a critical extension": bearer(withPart(token, 0, { alg: "RS256", crit: ["x"], x: 1 })),
      "its own key": bearer(withPart(token, 0, { alg: "RS256", jwk: JSON.parse(published).keys[0], kid: "x" })),
    },
    secrets: [token.split(".")[2] ?? ""],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});

test("a token of another issuer is absent", async () => {
  await using server = await startOidcServer();
  await using other = await startOidcServer();
  await using auth = await start(server.issuer);
  expect(await auth.authenticate(bearer(await other.token(AUDIENCE)), { signal })).toMatchObject({ kind: "absent" });
});

test("a token signed by another issuer is refused", async () => {
  await using server = await startOidcServer();
  await using other = await startOidcServer();
  await using auth = await start(server.issuer);
  const forged = await other.sign({ iss: server.issuer, aud: AUDIENCE, sub: "alice", exp: now() + 600 });
  expect(await auth.authenticate(bearer(forged), { signal })).toMatchObject({ kind: "refused" });
});

test("the keys are read again for a token with a new key, and the old key is refused", async () => {
  await using server = await startOidcServer();
  await using auth = await start(server.issuer);
  const old = await server.token(AUDIENCE);
  expect(await auth.authenticate(bearer(old), { signal })).toMatchObject({ kind: "principal" });

  await server.rotate();

  expect(await auth.authenticate(bearer(await server.token(AUDIENCE)), { signal })).toMatchObject({
    kind: "principal",
  });
  expect(await auth.authenticate(bearer(old), { signal })).toMatchObject({ kind: "refused" });
});

test("tokens with unknown keys cause few requests to the issuer", async () => {
  await using server = await startOidcServer();
  await using auth = await start(server.issuer, { keysCooldownMs: 60_000 });
  await auth.authenticate(bearer(await server.token(AUDIENCE)), { signal });
  const claims = { iss: server.issuer, aud: AUDIENCE, sub: "alice", exp: now() + 600 };
  for (let n = 0; n < 20; n++) {
    const forged = await server.sign(claims, { kid: `key-${n}` });
    expect(await auth.authenticate(bearer(forged), { signal })).toMatchObject({ kind: "refused" });
  }
  expect(server.keyRequests).toBe(1);
});

test("authenticate() rejects while the keys are unavailable, and recovers", async () => {
  await using server = await startOidcServer();
  await using auth = await start(server.issuer);
  const token = await server.token(AUDIENCE);

  server.fail();
  await expect(auth.authenticate(bearer(token), { signal })).rejects.toThrow();
  server.recover();

  expect(await auth.authenticate(bearer(token), { signal })).toMatchObject({ kind: "principal" });
});

test("clocks may differ by the tolerance at most", async () => {
  await using server = await startOidcServer();
  await using auth = await start(server.issuer, { clockToleranceSeconds: 100 });
  const claims = { iss: server.issuer, aud: AUDIENCE, sub: "alice" };
  const kindOf = async (exp: number) =>
    (await auth.authenticate(bearer(await server.sign({ ...claims, exp })), { signal })).kind;
  expect(await kindOf(now() - 50)).toBe("principal");
  expect(await kindOf(now() - 200)).toBe("refused");
});

test.each<[string, object, object, { id: string; roles: string[] }]>([
  ["roles as they are", {}, { roles: ["a", "b"] }, { id: "alice", roles: ["a", "b"] }],
  ["roles by a map", { roleMap: { x: ["a", "b"] } }, { roles: ["x", "y"] }, { id: "alice", roles: ["a", "b"] }],
  [
    "no prototype's keys by a map",
    { roleMap: {} },
    { roles: ["constructor", "__proto__"] },
    { id: "alice", roles: [] },
  ],
  ["a text of scopes", { rolesClaim: "scope" }, { scope: "a b" }, { id: "alice", roles: ["a", "b"] }],
  ["a nested claim", { rolesClaim: "realm.roles" }, { realm: { roles: ["a"] } }, { id: "alice", roles: ["a"] }],
  [
    "a claim with dots",
    { rolesClaim: "https://a.b/roles" },
    { "https://a.b/roles": ["a"] },
    { id: "alice", roles: ["a"] },
  ],
  ["roles of everybody", { roles: ["all"] }, { roles: ["a"] }, { id: "alice", roles: ["all", "a"] }],
  ["no roles", {}, { roles: { admin: true } }, { id: "alice", roles: [] }],
  ["another id", { idClaim: "email" }, { email: "a@example.com" }, { id: "a@example.com", roles: [] }],
])("claims become %s", async (_what, config, claims, principal) => {
  await using server = await startOidcServer();
  await using auth = await start(server.issuer, config);
  const token = await server.sign({ iss: server.issuer, aud: AUDIENCE, sub: "alice", exp: now() + 600, ...claims });
  expect(await auth.authenticate(bearer(token), { signal })).toMatchObject({ kind: "principal", principal });
});

test("only tokens of the configured type are accepted", async () => {
  await using server = await startOidcServer();
  await using auth = await start(server.issuer, { type: "at+jwt" });
  const claims = { iss: server.issuer, aud: AUDIENCE, sub: "alice", exp: now() + 600 };
  expect(await auth.authenticate(bearer(await server.sign(claims)), { signal })).toMatchObject({ kind: "refused" });
  expect(await auth.authenticate(bearer(await server.token(AUDIENCE)), { signal })).toMatchObject({
    kind: "principal",
  });
});

test("start() rejects when the issuer has another name", async () => {
  await using server = await startOidcServer();
  await expect(start(server.issuer.replace("127.0.0.1", "localhost"))).rejects.toThrow("calls itself");
});

/** Makes an issuer unavailable; returns how to restore it. */
type Lose = (server: OidcServer) => Promise<() => Promise<OidcServer>>;

test.each<[string, Lose]>([
  [
    "fails",
    async (server) => {
      server.fail();
      return async () => {
        server.recover();
        return server;
      };
    },
  ],
  [
    "is not there",
    async (server) => {
      await server[Symbol.asyncDispose]();
      return () => startOidcServer({ port: Number(new URL(server.issuer).port) });
    },
  ],
])("start() works without an issuer that %s, and uses its keys later", async (_what, lose) => {
  await using stack = new AsyncDisposableStack();
  const first = await startOidcServer();
  const { issuer } = first;
  const comeBack = await lose(first);
  const auth = stack.use(await start(issuer));
  const token = await first.sign({ iss: issuer, aud: AUDIENCE, sub: "alice", exp: now() + 600 });
  await expect(auth.authenticate(bearer(token), { signal })).rejects.toThrow(`Cannot discover the keys of issuer`);
  await expect(auth.checkHealth?.()).rejects.toThrow(issuer);
  expect(await auth.authenticate(bearer("of.another.kind"), { signal })).toMatchObject({ kind: "absent" });

  const back = stack.use(await comeBack());

  await until("the issuer is found", async () => {
    const [health] = await Promise.allSettled([auth.checkHealth?.()]);
    return health.status === "fulfilled";
  });
  const good = await back.sign({ iss: issuer, aud: AUDIENCE, sub: "alice", exp: now() + 600 });
  expect(await auth.authenticate(bearer(good), { signal })).toMatchObject({ kind: "principal" });
});

test("cached keys are used while the issuer is unavailable", async () => {
  await using server = await startOidcServer();
  await using auth = await start(server.issuer, { keysCooldownMs: 60_000 });
  const token = await server.token(AUDIENCE);
  await auth.authenticate(bearer(token), { signal });

  server.fail();

  expect(await auth.authenticate(bearer(token), { signal })).toMatchObject({ kind: "principal" });
  await auth.checkHealth?.();
});

test("a principal expires with its token plus the tolerance", async () => {
  await using server = await startOidcServer();
  await using auth = await start(server.issuer, { clockToleranceSeconds: 7 });
  const exp = now() + 600;
  const token = await server.sign({ iss: server.issuer, aud: AUDIENCE, sub: "alice", exp });
  expect(await auth.authenticate(bearer(token), { signal })).toMatchObject({
    principal: { expiresAt: new Date((exp + 7) * 1000) },
  });
});

test.each<[string, object]>([
  ["a path", { kid: "../../../../dev/null" }],
  ["a URL", { kid: "http://127.0.0.1:1/keys" }],
  ["SQL", { kid: "x' UNION SELECT 'key' --" }],
  ["a name of Object.prototype", { kid: "__proto__" }],
  ["nothing, and a URL of keys", { kid: undefined, jku: "http://127.0.0.1:1/keys" }],
  ["nothing, and a certificate of its own", { kid: undefined, x5c: ["MIIB"], x5u: "http://127.0.0.1:1/c" }],
])("a forged token whose kid is %s is refused", async (_what, header) => {
  await using server = await startOidcServer();
  await using other = await startOidcServer();
  await using auth = await start(server.issuer);
  const forged = await other.sign({ iss: server.issuer, aud: AUDIENCE, sub: "alice", exp: now() + 600 }, header);
  expect(await auth.authenticate(bearer(forged), { signal })).toMatchObject({ kind: "refused" });
});

test("algorithms with shared secrets cannot be configured", () => {
  const config = { issuer: "https://issuer.example", audience: "a" };
  for (const algorithm of ["none", "HS256"]) {
    expect(jwt.config.safeParse({ ...config, algorithms: [algorithm] }).success).toBe(false);
  }
});

test("a key that is published after the clock was set back is found at once", async () => {
  await using server = await startOidcServer();
  await using auth = await start(server.issuer, { keysCooldownMs: 60_000 });
  expect(await auth.authenticate(bearer(await server.token(AUDIENCE)), { signal })).toMatchObject({
    kind: "principal",
  });
  await server.rotate();
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 3_600_000 });
  onTestFinished(() => void vi.useRealTimers());

  const token = await server.token(AUDIENCE);
  expect(await auth.authenticate(bearer(token), { signal })).toMatchObject({ kind: "principal" });
});
