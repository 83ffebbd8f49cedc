import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AUDIT_STREAM, JobService } from "../../../proto/mod.ts";
import { basicProof, bearerProof, type Proof, passwordOf, writeKeys, writeUsers } from "../../auth/credentials.ts";
import { type OidcServer, startOidcServer } from "../../auth/oidc_server.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { freePort } from "../../nats/server.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const AUDIENCE = "https://hearth.example";
const FAILURES = 3;

const stack = new AsyncDisposableStack();
let hearth: Hearth;
let keys: Readonly<Record<string, string>>;
/** Where an issuer was when the gateway started, and is not now. */
let absent: OidcServer;

beforeAll(async () => {
  const { path } = stack.use(await createTemporaryDirectory());
  const users = await writeUsers(path, { admin: ["admin"] });
  const written = await writeKeys(path, { ci: { roles: ["admin"] }, late: { roles: ["admin"] } });
  ({ keys } = written);
  absent = await startOidcServer({ port: await freePort() });
  await absent[Symbol.asyncDispose]();
  const gateway = {
    auth: [
      { plugin: "hearth:auth-basic", config: { file: users } },
      { plugin: "hearth:auth-api-key", config: { file: written.file } },
      { plugin: "hearth:auth-jwt", config: { issuer: absent.issuer, audience: AUDIENCE, roles: ["admin"] } },
    ],
    roles: { admin: { permissions: ["*"] } },
    limits: { failedLoginsPerMinute: FAILURES },
  };
  const admin = basicProof("admin", passwordOf("admin"));
  hearth = stack.use(await startHearth({ nodes: 0, headers: admin, config: { gateway } }));
});

afterAll(() => stack.disposeAsync());

async function call(headers: Proof, path = "/v1/jobs") {
  const answer = await fetch(hearth.url + path, { headers });
  return { status: answer.status, retryAfter: Number(answer.headers.get("retry-after")), text: await answer.text() };
}

test("a gateway that starts while its issuer is down reports that it is not ready, and recovers", async () => {
  const claims = { iss: absent.issuer, aud: AUDIENCE, sub: "alice", exp: Math.floor(Date.now() / 1000) + 600 };
  expect(await call(bearerProof(await absent.sign(claims)))).toMatchObject({
    status: 503,
    text: expect.stringContaining('auth plugin \\"auth-jwt\\" cannot tell now'),
  });
  expect((await call({}, "/healthz")).status).toBe(200);
  expect(await call({}, "/readyz")).toMatchObject({ status: 503, text: expect.stringContaining("auth plugins") });
  const admin = basicProof("admin", passwordOf("admin"));
  expect((await call(admin)).status).toBe(200);
  await until("the audit log says why", async () =>
    (await call(admin, "/v1/audit")).text.includes("Cannot discover the keys of issuer"),
  );

  const issuer = await startOidcServer({ port: Number(new URL(absent.issuer).port) });
  const token = bearerProof(await issuer.sign(claims));
  await until("the issuer is found", async () => (await call(token)).status === 200);
  await until("the auth plugins are well", async () => !(await call({}, "/readyz")).text.includes("auth plugins"));

  await issuer[Symbol.asyncDispose]();
  expect((await call(token)).status).toBe(200);
  expect((await call({}, "/readyz")).text).not.toContain("auth plugins");
});

test("an address with too many failed logins gets Retry-After, except for callers that authenticated from it before", async () => {
  const [ci, late] = [bearerProof(keys.ci ?? ""), bearerProof(keys.late ?? "")];
  expect((await call(ci)).status).toBe(200);
  const guesses = Array.from({ length: FAILURES }, (_, n) => call(bearerProof(`hk_guess_${n}`)));
  for (const { status } of await Promise.all(guesses)) expect(status).toBe(401);

  for (const headers of [bearerProof("hk_one_more"), late, {}]) {
    const { status, retryAfter } = await call(headers);
    expect(status).toBe(429);
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(60 / FAILURES);
  }
  expect(await call(bearerProof("hk_one_more"), "/jobs")).toMatchObject({ status: 429, text: "Too many requests" });
  const grpc = createClient(JobService, createGrpcTransport({ baseUrl: hearth.url }));
  const error = await grpc.listJobs({}, { headers: bearerProof("hk_one_more") }).catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.ResourceExhausted });

  expect((await call(ci)).status).toBe(200);
  expect((await call(basicProof("admin", passwordOf("admin")))).status).toBe(200);
  expect((await call({}, "/healthz")).status).toBe(200);
  await until("others get their turn", async () => (await call(late)).status === 200, { deadlineMs: 60_000 });
}, 90_000);

test("an acknowledged change is in the audit log's stream although the gateway is killed at once", async () => {
  const answer = await fetch(`${hearth.url}/v1/data/evidence`, {
    method: "PUT",
    headers: bearerProof(keys.ci ?? ""),
    body: "x",
  });
  expect(answer.status).toBe(200);
  const [gateway] = hearth.gateways;
  process.kill(gateway?.pid ?? 0, "SIGKILL");

  const nats = await connect({ servers: hearth.natsUrl });
  const { streams } = await jetstreamManager(nats);
  const message = await streams.getMessage(AUDIT_STREAM, { last_by_subj: "hearth.v1.audit.begun.data.upload" });
  expect(message?.json()).toMatchObject({ outcome: "BEGUN", principal: "ci", file: "evidence", peer: "127.0.0.1" });
  await nats.close();
});
