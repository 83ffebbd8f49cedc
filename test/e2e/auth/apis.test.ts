import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Health, JobService, ServerReflection } from "../../../proto/mod.ts";
import { basicProof, bearerProof, type Proof, passwordOf, writeKeys, writeUsers } from "../../auth/credentials.ts";
import { type OidcServer, startOidcServer } from "../../auth/oidc_server.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

const AUDIENCE = "https://hearth.example";
const JOB = "019a0000-0000-7000-8000-000000000000";

const stack = new AsyncDisposableStack();
let hearth: Hearth;
let issuer: OidcServer;
/** Credentials by their kind. */
let proofs: Readonly<Record<string, Proof>>;

beforeAll(async () => {
  const { path } = stack.use(await createTemporaryDirectory());
  issuer = stack.use(await startOidcServer());
  const users = await writeUsers(path, { admin: ["admin"], viewer: ["viewer"], nobody: ["ghost"], slow: ["slow"] });
  const day = 24 * 3_600_000;
  const { file, keys } = await writeKeys(path, {
    good: { roles: ["viewer"] },
    expired: { roles: ["viewer"], expires: new Date(Date.now() - day).toISOString() },
    revoked: { roles: ["viewer"], revoked: true },
    scoped: { roles: ["admin"], permissions: ["contexts:*"] },
  });
  const jwt = { issuer: issuer.issuer, audience: AUDIENCE, rolesClaim: "roles", roleMap: { watchers: ["viewer"] } };
  hearth = stack.use(
    await startHearth({
      nodes: 0,
      headers: basicProof("admin", passwordOf("admin")),
      config: {
        gateway: {
          auth: [
            { plugin: "hearth:auth-basic", config: { file: users } },
            { plugin: "hearth:auth-api-key", config: { file } },
            { plugin: "hearth:auth-jwt", config: { ...jwt, keysCooldownMs: 0 } },
          ],
          // The tests send more failed logins than the default limit.
          limits: { failedLoginsPerMinute: 10_000 },
          roles: {
            admin: { permissions: ["*"] },
            viewer: { permissions: ["jobs:read"] },
            slow: { permissions: ["jobs:read"], requestsPerSecond: 0.001 },
          },
        },
      },
    }),
  );
  const claims = { iss: issuer.issuer, aud: AUDIENCE, sub: "alice", exp: Date.now() / 1000 + 600, roles: ["watchers"] };
  const token = await issuer.token(AUDIENCE, ["watchers"]);
  const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
  proofs = {
    "a password": basicProof("viewer", passwordOf("viewer")),
    "a key": bearerProof(keys.good ?? ""),
    "a key in X-API-Key": { "x-api-key": keys.good ?? "" },
    "a token": bearerProof(token),
    "no credentials": {},
    "a wrong password": basicProof("viewer", "viewer"),
    "an unknown user": basicProof("mallory", "yrollam"),
    "an expired key": bearerProof(keys.expired ?? ""),
    "a revoked key": bearerProof(keys.revoked ?? ""),
    "another audience": bearerProof(await issuer.token("https://other.example", ["watchers"])),
    "alg none": bearerProof(`${none}.${token.split(".")[1]}.`),
    "an expired token": bearerProof(await issuer.sign({ ...claims, exp: 1 })),
    "a role that does not exist": basicProof("nobody", passwordOf("nobody")),
    "a role that the map leaves out": bearerProof(await issuer.token(AUDIENCE, ["admin"])),
    "a key without the scope": bearerProof(keys.scoped ?? ""),
  };
});

afterAll(() => stack.disposeAsync());

/** Calls a method that needs `jobs:read`, on each API; resolves to the error code, or undefined when the call is allowed. */
type Apis = Readonly<Record<string, (proof: Proof) => Promise<string | undefined>>>;

const REST_CODES: Readonly<Record<number, string | undefined>> = { 401: "unauthenticated", 403: "permission_denied" };

const apis: Apis = {
  "REST, unary": async (headers) => REST_CODES[(await fetch(`${hearth.url}/v1/jobs`, { headers })).status],
  "REST, stream": async (headers) =>
    REST_CODES[(await fetch(`${hearth.url}/v1/jobs/${JOB}/events`, { headers })).status],
  "spark-jobserver": async (headers) => REST_CODES[(await fetch(`${hearth.url}/jobs`, { headers })).status],
  ...rpcApis("Connect, HTTP/1.1", () => createConnectTransport({ baseUrl: hearth.url, httpVersion: "1.1" })),
  ...rpcApis("Connect, HTTP/2", () => createConnectTransport({ baseUrl: hearth.url, httpVersion: "2" })),
  ...rpcApis("gRPC", () => createGrpcTransport({ baseUrl: hearth.url })),
  ...rpcApis("gRPC-Web", () => createGrpcWebTransport({ baseUrl: hearth.url, httpVersion: "1.1" })),
};

function rpcApis(name: string, createTransport: () => Transport): Apis {
  return {
    [`${name}, unary`]: (headers) => codeOf(createClient(JobService, createTransport()).listJobs({}, { headers })),
    [`${name}, stream`]: (headers) =>
      codeOf(Array.fromAsync(createClient(JobService, createTransport()).watchJob({ jobId: JOB }, { headers }))),
  };
}

async function codeOf(call: Promise<unknown>): Promise<string | undefined> {
  const [outcome] = await Promise.allSettled([call]);
  if (outcome.status === "fulfilled") return undefined;
  const { code } = ConnectError.from(outcome.reason);
  // There is no such job: the call was allowed.
  if (code === Code.NotFound) return undefined;
  return Code[code].replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
}

describe.each(Object.keys(apis))("%s", (api) => {
  const call = (what: string) => apis[api]?.(proofs[what] ?? {});

  test.each(["a password", "a key", "a key in X-API-Key", "a token"])("lets in a caller with %s", async (what) => {
    expect(await call(what)).toBeUndefined();
  });

  test.each([
    ...["no credentials", "a wrong password", "an unknown user", "an expired key", "a revoked key"],
    ...["another audience", "alg none", "an expired token"],
  ])("does not know a caller with %s", async (what) => {
    expect(await call(what)).toBe("unauthenticated");
  });

  test.each(["a role that does not exist", "a role that the map leaves out", "a key without the scope"])(
    "allows nothing to a caller with %s",
    async (what) => {
      expect(await call(what)).toBe("permission_denied");
    },
  );
});

test("REST answers an unauthenticated caller with challenges before it validates the request", async () => {
  const answer = await fetch(`${hearth.url}/v1/jobs`, { method: "POST", body: "{not JSON" });
  expect(answer.status).toBe(401);
  const challenges = answer.headers.get("www-authenticate");
  expect(challenges).toContain('Basic realm="hearth"');
  expect(challenges).toContain('Bearer realm="hearth"');
  expect(await answer.json()).toMatchObject({
    code: "unauthenticated",
    message: "Cannot authenticate the caller: it shows no credentials that are known here",
    details: [{ debug: { reason: "CREDENTIALS_MISSING" } }],
  });
});

test.each([
  ["REST", "POST", "/v1/jobs", "application/json"],
  ["an upload", "PUT", "/v1/binaries/words", "application/octet-stream"],
  ["Connect", "POST", "/hearth.v1.JobService/SubmitJob", "application/json"],
  ["gRPC", "POST", "/hearth.v1.JobService/SubmitJob", "application/grpc"],
  ["spark-jobserver's API", "POST", "/jobs?appName=words&classPath=WordCount", "text/plain"],
])("an unauthenticated caller is answered before its body has arrived, by %s", async (_, method, path, contentType) => {
  const { hostname, port } = new URL(hearth.url);
  if (contentType !== "application/grpc") {
    const headers = { "content-type": contentType, "content-length": 4096 };
    const request = http.request({ hostname, port, method, path, headers, agent: false }).on("error", () => {});
    request.write("{");
    const [response] = await once(request, "response");
    expect(response.statusCode).toBe(401);
    request.destroy();
  }
  const session = http2.connect(hearth.url);
  const stream = session.request({ ":method": method, ":path": path, "content-type": contentType, te: "trailers" });
  stream.on("error", () => {}).write("{");
  const [headers] = await once(stream, "response");
  expect([headers[":status"], headers["grpc-status"]]).toEqual(
    contentType === "application/grpc" ? [200, String(Code.Unauthenticated)] : [401, undefined],
  );
  session.destroy();
});

test("a caller without the permission gets 403 with permission and principal before its request is validated", async () => {
  const headers = { ...proofs["a password"], "content-type": "application/json" };
  const answer = await fetch(`${hearth.url}/v1/jobs`, { method: "POST", headers, body: '{"binary": ""}' });
  expect(answer.status).toBe(403);
  expect(await answer.json()).toMatchObject({
    code: "permission_denied",
    message: 'Cannot use permission "jobs:start" as "viewer": no role allows it',
  });
});

test("gRPC errors of authentication carry reason and challenges", async () => {
  const client = createClient(JobService, createGrpcTransport({ baseUrl: hearth.url }));
  const [outcome] = await Promise.allSettled([client.listJobs({})]);
  const { reason } = outcome as PromiseRejectedResult;
  expect(reason).toMatchObject({ code: Code.Unauthenticated, rawMessage: expect.stringContaining("no credentials") });
  expect((reason as ConnectError).metadata.get("www-authenticate")).toContain("Bearer");
});

test("spark-jobserver's API uses akka-http's texts for authentication errors", async () => {
  const ask = async (proof: Proof | undefined, path = "/jobs", method = "GET") => {
    const answer = await fetch(hearth.url + path, { headers: { ...proof }, method });
    return { status: answer.status, text: await answer.text(), challenge: answer.headers.get("www-authenticate") };
  };
  expect(await ask({})).toMatchObject({
    status: 401,
    text: "The resource requires authentication, which was not supplied with the request",
    challenge: expect.stringContaining("Basic realm="),
  });
  expect(await ask(proofs["a wrong password"])).toMatchObject({
    status: 401,
    text: "The supplied authentication is invalid",
    challenge: expect.stringContaining("Basic realm="),
  });
  expect(await ask(proofs["a password"], "/contexts/a", "POST")).toMatchObject({
    status: 403,
    text: "The supplied authentication is not authorized to access this resource",
  });
  expect((await ask({}, "/healthz")).status).toBe(200);
  expect((await ask({}, "/metricz")).status).toBe(200);
});

test("the OpenAPI document is readable by authenticated callers only", async () => {
  const statusOf = async (proof: Proof | undefined) =>
    (await fetch(`${hearth.url}/openapi.json`, { headers: { ...proof } })).status;
  expect(await statusOf(proofs["a role that does not exist"])).toBe(200);
  expect(await statusOf(proofs["a wrong password"])).toBe(401);
  expect(await statusOf({})).toBe(401);
});

test("the OpenAPI document lists the credential types of the auth plugins", async () => {
  const response = await fetch(`${hearth.url}/openapi.json`, { headers: { ...proofs["a password"] } });
  expect(await response.json()).toMatchObject({
    security: [{ basic: [] }, { bearer: [] }, { "x-api-key": [] }],
    components: {
      securitySchemes: {
        basic: { type: "http", scheme: "basic" },
        bearer: { type: "http", scheme: "bearer", description: `An API key, \`hk_…\`. A token of ${issuer.issuer}.` },
        "x-api-key": { type: "apiKey", in: "header", name: "X-API-Key" },
      },
    },
  });
});

test("health needs no credentials, reflection does", async () => {
  const transport = createGrpcTransport({ baseUrl: hearth.url });
  expect(await codeOf(createClient(Health, transport).check({}))).toBeUndefined();
  const reflect = (headers: Proof | undefined) => {
    const requests = async function* () {
      yield { messageRequest: { case: "listServices" as const, value: "" } };
    };
    return codeOf(
      Array.fromAsync(
        createClient(ServerReflection, transport).serverReflectionInfo(requests(), { headers: { ...headers } }),
      ),
    );
  };
  expect(await reflect({})).toBe("unauthenticated");
  expect(await reflect(proofs["a role that does not exist"])).toBeUndefined();
});

test.each(["/healthz", "/metricz", "/metrics", "/", "/html/page.js", "/statusz"])(
  "GET %s, which needs no credentials, is answered before its body has arrived",
  async (path) => {
    await using stack = new AsyncDisposableStack();
    const session = stack.adopt(http2.connect(hearth.url), (open) => open.destroy());
    const call = session.request({ ":path": path }, { endStream: false });
    call.write(Buffer.alloc(1024));
    const [{ ":status": status }] = await once(call, "response", { signal: AbortSignal.timeout(5000) });
    expect(status).toBe(path === "/statusz" ? 404 : 200);
  },
);

test("a caller over its rate limit gets Retry-After on every API", async () => {
  const headers = basicProof("slow", passwordOf("slow"));
  expect((await fetch(`${hearth.url}/v1/jobs`, { headers })).status).toBe(200);

  const rest = await fetch(`${hearth.url}/v1/jobs`, { headers });
  expect(rest.status).toBe(429);
  expect(Number(rest.headers.get("retry-after"))).toBeGreaterThan(10);
  const spark = await fetch(`${hearth.url}/jobs`, { headers });
  expect(spark.status).toBe(429);
  expect(Number(spark.headers.get("retry-after"))).toBeGreaterThan(10);
  expect(await apis["gRPC, unary"]?.(headers)).toBe("resource_exhausted");
  expect(await call200(proofs["a password"])).toBe(200);
});

async function call200(proof: Proof | undefined): Promise<number> {
  return (await fetch(`${hearth.url}/v1/jobs`, { headers: { ...proof } })).status;
}

test("after a key rotation tokens with the new key are accepted and tokens with the old one are not", async () => {
  const old = bearerProof(await issuer.token(AUDIENCE, ["watchers"]));
  expect(await call200(old)).toBe(200);
  await issuer.rotate();
  expect(await call200(bearerProof(await issuer.token(AUDIENCE, ["watchers"])))).toBe(200);
  expect(await call200(old)).toBe(401);
});
