import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { JobService } from "../../../proto/mod.ts";
import { basicProof, passwordOf, writeUsers } from "../../auth/credentials.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { startHttpReceiver } from "../../http/receiver.ts";
import { createRestAs, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const stack = new AsyncDisposableStack();
const proofOf = (name: string) => basicProof(name, passwordOf(name));
const SPEC = { binary: "echo", entryPoint: "echo", context: "shared", config: { n: 1 } };
const lines: string[] = [];
let hearth: Hearth;
let alice: Rest;
let bob: Rest;
let team: Rest;

beforeAll(async () => {
  const { path } = stack.use(await createTemporaryDirectory());
  const file = await writeUsers(path, { alice: ["all"], bob: ["all"], team: ["team"] });
  hearth = stack.use(
    await startHearth({
      headers: proofOf("alice"),
      onLine: (line) => lines.push(line),
      config: {
        gateway: {
          auth: [{ plugin: "hearth:auth-basic", config: { file } }],
          callbacks: { allow: ["127.0.0.0/8"], attempts: 1 },
          audit: { reads: true },
          roles: {
            all: { permissions: ["*"] },
            team: {
              permissions: ["jobs:*", "contexts:*", "binaries:*"],
              contexts: ["team-*"],
              binaries: ["echo", "team-*"],
            },
          },
        },
      },
    }),
  );
  [alice, bob, team] = ["alice", "bob", "team"].map((name) => createRestAs(hearth.url, proofOf(name))) as [
    Rest,
    Rest,
    Rest,
  ];
  await alice.upload(
    "echo",
    "export const echo = ({ config }) => config; export const wait = () => new Promise(() => {});",
  );
  await alice.upload("foreign", "export const echo = ({ config }) => config;");
  await alice.createContext("shared");
});

afterAll(() => stack.disposeAsync());

describe("request ids", () => {
  test("are separate for each caller", async () => {
    const submit = (rest: Rest, spec: object) => rest.call("POST", "/v1/jobs?requestId=same", spec);
    const first = await submit(alice, SPEC);
    expect(first).toMatchObject({ status: 200, body: { requestId: "same" } });
    const { id } = first.body as { id: string };
    expect(await submit(alice, SPEC)).toMatchObject({ status: 200, body: { id, requestId: "same" } });

    const other = await submit(bob, { ...SPEC, config: { n: 2 } });
    expect(other).toMatchObject({ status: 200, body: { requestId: "same" } });
    expect((other.body as { id: string }).id).not.toBe(id);
    const conflict = await submit(bob, SPEC);
    expect(conflict.status).toBe(409);
    expect(JSON.stringify(conflict.body)).not.toContain(id);
    expect(JSON.stringify(conflict.body)).toContain('\\"same\\"');
  });

  test("of a caller are shared by all APIs, also while others use the same ids", async () => {
    const transport = createGrpcTransport({ baseUrl: hearth.url });
    const run = (name: string) =>
      createClient(JobService, transport).runJob(
        { job: { ...SPEC, config: { n: 3 } }, requestId: "shared-id" },
        { headers: proofOf(name) },
      );
    const [one, two] = await Promise.all([run("alice"), run("bob")]);
    expect(one.job?.id).not.toBe(two.job?.id);
    expect(one.job?.requestId).toBe("shared-id");
    const again = await alice.call("POST", "/v1/jobs:run?requestId=shared-id", { job: { ...SPEC, config: { n: 3 } } });
    const rest = await alice.call("POST", "/v1/jobs?requestId=shared-id", { ...SPEC, config: { n: 3 } });
    expect([again.status, rest.status]).toContain(200);
    expect(rest.body).toMatchObject({ id: one.job?.id });
    // The same config in another notation.
    const words = JSON.stringify({ ...SPEC, config: { n: 3 } }).replace('{"n":3}', '{ "n" : 3.0 }');
    expect(words).toContain("3.0");
    const answer = await fetch(`${hearth.url}/v1/jobs?requestId=shared-id`, {
      ...{ method: "POST", body: words },
      headers: { ...proofOf("alice"), "content-type": "application/json" },
    });
    expect(await answer.json()).toMatchObject({ id: one.job?.id });
  });

  test("are shown without the prefix under which they are stored", async () => {
    const { body } = await alice.call("GET", "/v1/jobs?page_size=1000");
    const { jobs } = body as { jobs: { requestId?: string }[] };
    for (const { requestId = "" } of jobs) expect(requestId).not.toMatch(/caller:/);
  });
});

describe("refusals", () => {
  test("do not name contexts, binaries or jobs that the caller may not see", async () => {
    const context = ((await alice.call("GET", "/v1/contexts/shared")).body as { id: string }).id;
    const { id: job } = await alice.submit({ ...SPEC, binary: "foreign" });
    for (const [method, path, body] of [
      ["GET", `/v1/contexts/${context}`],
      ["POST", `/v1/contexts/${context}:stop`, {}],
      ["GET", `/v1/jobs/${job}`],
      ["POST", `/v1/jobs/${job}:cancel`, {}],
      ["GET", `/jobs/${job}`],
      ["GET", "/v1/binaries/foreign@1"],
      ["POST", "/v1/jobs", { ...SPEC, context }],
    ] as const) {
      const response = await fetch(hearth.url + path, {
        method,
        headers: { ...proofOf("team"), "content-type": "application/json" },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      expect([path, response.status]).toEqual([path, 403]);
      expect(text).not.toMatch(/shared|foreign|echo/);
    }
  });

  test("to delete a binary name only jobs that the caller may see", async () => {
    const { id } = await alice.submit({ ...SPEC, entryPoint: "wait" });
    const refused = await team.call("DELETE", "/v1/binaries/echo");
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).not.toContain(id);
    expect(JSON.stringify((await alice.call("DELETE", "/v1/binaries/echo")).body)).toContain(id);
    await alice.call("POST", `/v1/jobs/${id}:cancel`, {});
  });
});

describe("a callback URL with a password", () => {
  test("is called with the password and shown without it everywhere", async () => {
    await using receiver = await startHttpReceiver();
    const { port } = new URL(receiver.url);
    const callbackUrl = `http://hook:s3cr3t-pw@127.0.0.1:${port}/hook`;
    const answers: unknown[] = [];
    const keep = async (method: string, path: string, body?: object) => {
      const answer = await alice.call(method, path, body);
      answers.push(answer.body);
      return answer.body as { id?: string; job?: { id: string } };
    };
    const { id = "" } = await keep("POST", "/v1/jobs?requestId=called", { ...SPEC, callbackUrl });
    await keep("POST", "/v1/jobs?requestId=called", { ...SPEC, callbackUrl });
    await keep("POST", "/v1/jobs:run", { ...SPEC, callbackUrl });
    await until("both called back", () => receiver.received.length >= 2);
    expect(receiver.received[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from("hook:s3cr3t-pw").toString("base64")}`,
    );
    for (const path of [`/v1/jobs/${id}`, "/v1/jobs", `/v1/jobs/${id}/events`, "/v1/audit?page_size=1000"]) {
      const response = await fetch(hearth.url + path, { headers: proofOf("alice") });
      answers.push(await response.text());
    }
    await keep("POST", `/v1/jobs/${id}:cancel`, {});
    for (const path of [`/jobs/${id}`, "/jobs"]) await keep("GET", path);
    const transport = createGrpcTransport({ baseUrl: hearth.url });
    const { callbackUrl: shown } = await createClient(JobService, transport).getJob(
      { jobId: id },
      { headers: proofOf("alice") },
    );
    expect(shown).toBe(`http://***@127.0.0.1:${port}/hook`);
    // Errors show the URL without the password too.
    for (const url of [
      "http://hook:s3cr3t-pw@10.0.0.1/",
      "ftp://hook:s3cr3t-pw@example.com/",
      "http://hook:s3cr3t-pw@[",
      `http://hook:s3cr3t-pw@example.com/${"x".repeat(3000)}`,
    ]) {
      const refused = await alice.call("POST", "/v1/jobs", { ...SPEC, callbackUrl: url });
      expect(refused.status).toBe(400);
      answers.push(refused.body);
    }
    answers.push(
      (await alice.call("POST", "/v1/jobs", { ...SPEC, callbackUrl: ["http://hook:s3cr3t-pw@example.com"] })).body,
    );
    expect(JSON.stringify(answers)).not.toContain("s3cr3t-pw");
    expect(receiver.received.map(({ body }) => body).join("")).not.toContain("s3cr3t-pw");
    expect(lines.join("\n")).not.toContain("s3cr3t-pw");
  });
});
