import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hashPassword, type PasswordHash } from "../../../plugins/auth-basic/scrypt.ts";
import { formatUser } from "../../../plugins/auth-basic/users.ts";
import { replaceFile } from "../../../plugins/files/mod.ts";
import { JobService } from "../../../proto/mod.ts";
import { basicProof, bearerProof, type Proof, passwordOf } from "../../auth/credentials.ts";
import { type OidcServer, startOidcServer } from "../../auth/oidc_server.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { createRestAs } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const AUDIENCE = "https://hearth.example";
const admin = basicProof("admin", passwordOf("admin"));

const stack = new AsyncDisposableStack();
let hearth: Hearth;
let issuer: OidcServer;
let users: string;
/** A job that runs for ever. */
let jobId: string;

const hashes = new Map<string, PasswordHash>();
/** By name. Who is new is known to the gateway within a second only, so all are there from the start. */
const roles = new Map([["admin", ["admin"]]]);

/** The users and their roles from now on. */
async function writeUsers(): Promise<void> {
  const lines = Array.from(roles, async ([name, roles]) => {
    const hash = hashes.get(name) ?? (await hashPassword(passwordOf(name)));
    hashes.set(name, hash);
    return formatUser({ name, roles, hash });
  });
  await replaceFile(users, `${(await Promise.all(lines)).join("\n")}\n`);
}

beforeAll(async () => {
  const { path } = stack.use(await createTemporaryDirectory());
  users = `${path}/users`;
  for (const api of Object.keys(watches)) roles.set(api, ["watcher"]).set(`${api} 2`, ["watcher"]);
  await writeUsers();
  issuer = stack.use(await startOidcServer());
  const jwt = { issuer: issuer.issuer, audience: AUDIENCE, rolesClaim: "roles", clockToleranceSeconds: 0 };
  const gateway = {
    auth: [
      { plugin: "hearth:auth-basic", config: { file: users } },
      { plugin: "hearth:auth-jwt", config: jwt },
    ],
    roles: { admin: { permissions: ["*"] }, watcher: { permissions: ["jobs:read"] }, none: { permissions: [] } },
    limits: { recheckMs: 500 },
  };
  hearth = stack.use(await startHearth({ headers: admin, config: { gateway, node: { drainTimeoutMs: 0 } } }));
  const rest = createRestAs(hearth.url, admin);
  await rest.upload("endless", "export const run = ({ signal }) => new Promise((_, no) => signal.onabort = no);");
  await rest.createContext("endless", { jobsPerExecutor: 100 });
  jobId = (await rest.submit({ binary: "endless", entryPoint: "run", context: "endless" })).id;
});

afterAll(() => stack.disposeAsync());

/** Watches the job until the gateway ends the stream: what it says then. */
type Watch = (headers: Proof, begun: () => void) => Promise<string>;

async function readText(path: string, headers: Proof, begun: () => void): Promise<string> {
  const response = await fetch(hearth.url + path, { headers });
  if (response.status !== 200) return response.text();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    begun();
  }
  return text;
}

function watchBy(createTransport: () => Transport): Watch {
  return async (headers, begun) => {
    try {
      for await (const _ of createClient(JobService, createTransport()).watchJob({ jobId }, { headers })) begun();
      return "it ended";
    } catch (error) {
      return Code[ConnectError.from(error).code].replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
    }
  };
}

const watches: Readonly<Record<string, Watch>> = {
  NDJSON: (headers, begun) => readText(`/v1/jobs/${jobId}/events`, headers, begun),
  "server-sent events": (headers, begun) =>
    readText(`/v1/jobs/${jobId}/events`, { ...headers, accept: "text/event-stream" }, begun),
  Connect: watchBy(() => createConnectTransport({ baseUrl: hearth.url, httpVersion: "1.1" })),
  gRPC: watchBy(() => createGrpcTransport({ baseUrl: hearth.url })),
  "gRPC-Web": watchBy(() => createGrpcWebTransport({ baseUrl: hearth.url, httpVersion: "1.1" })),
};

/** Watches, ends the credentials when something came, and answers what the gateway said. */
async function watchUntilRefused(watch: Watch | undefined, headers: Proof, end: () => Promise<void>): Promise<string> {
  const begun = Promise.withResolvers<void>();
  const watched = watch?.(headers, begun.resolve) ?? Promise.reject(new Error("no such API"));
  await Promise.race([begun.promise, watched]);
  await end();
  return watched;
}

describe.each(Object.keys(watches))("a stream of events, by %s,", (api) => {
  test("ends when the user is deleted", async () => {
    const headers = basicProof(api, passwordOf(api));
    const told = await watchUntilRefused(watches[api], headers, () => {
      roles.delete(api);
      return writeUsers();
    });
    expect(told).toContain("unauthenticated");
  });

  test("ends when the user loses the permission", async () => {
    const name = `${api} 2`;
    const headers = basicProof(name, passwordOf(name));
    const told = await watchUntilRefused(watches[api], headers, () => {
      roles.set(name, ["none"]);
      return writeUsers();
    });
    expect(told).toContain("permission_denied");
  });

  test("ends when the token expires", async () => {
    const exp = Math.floor(Date.now() / 1000) + 5;
    const claims = { iss: issuer.issuer, aud: AUDIENCE, sub: "alice", roles: ["watcher"], exp };
    const headers = bearerProof(await issuer.sign(claims));
    const told = await watchUntilRefused(watches[api], headers, async () => {});
    expect(told).toContain("unauthenticated");
    expect(Date.now() / 1000).toBeGreaterThanOrEqual(exp);
  });
});

test("a call that waits for a job ends when its caller's credentials do, and the job continues", async () => {
  const exp = Math.floor(Date.now() / 1000) + 5;
  const claims = { iss: issuer.issuer, aud: AUDIENCE, sub: "alice", roles: ["admin"], exp };
  const rest = createRestAs(hearth.url, bearerProof(await issuer.sign(claims)));
  const { status, body } = await rest.call("POST", "/v1/jobs:run", {
    binary: "endless",
    entryPoint: "run",
    context: "endless",
  });
  expect([status, body]).toEqual([401, expect.objectContaining({ code: "unauthenticated" })]);
  const { body: jobs } = await createRestAs(hearth.url, admin).call("GET", "/v1/jobs?states=RUNNING");
  expect(jobs).toMatchObject({ jobs: [{}, {}] });
});

test("the audit log records streams that the gateway ended", async () => {
  await until("the refusal is in the log", async () => {
    const { body } = await createRestAs(hearth.url, admin).call("GET", "/v1/audit?principal=alice&page_size=100");
    const { entries = [] } = body as { entries?: { action?: string; outcome?: string; reason?: string }[] };
    return entries.some(
      ({ action, outcome, reason }) =>
        action === "hearth.v1.JobService/WatchJob" && outcome === "REFUSED" && reason?.includes('"exp"'),
    );
  });
});
