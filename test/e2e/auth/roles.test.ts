import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { basicProof, passwordOf, writeUsers } from "../../auth/credentials.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { createRestAs, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const PROGRAM = "export function add({ config }) { return config.a + config.b; }";
const TEAM_JOB = { binary: "team-a-math", context: "team-a-one", config: { a: 1, b: 2 } };
const OTHER_JOB = { binary: "math", context: "other", config: { a: 1, b: 2 } };

const stack = new AsyncDisposableStack();
let hearth: Hearth;
let admin: Rest;
let team: Rest;
let ids: Readonly<Record<"teamContext" | "otherContext" | "teamJob" | "otherJob", string>>;

const proofOf = (name: string) => basicProof(name, passwordOf(name));

beforeAll(async () => {
  const { path } = stack.use(await createTemporaryDirectory());
  const file = await writeUsers(path, { admin: ["admin"], team: ["team-a"], reader: ["reader"] });
  hearth = stack.use(
    await startHearth({
      headers: proofOf("admin"),
      config: {
        gateway: {
          auth: [{ plugin: "hearth:auth-basic", config: { file } }],
          roles: {
            admin: { permissions: ["*"] },
            "team-a": {
              permissions: ["jobs:*", "contexts", "binaries", "audit:read"],
              contexts: ["team-a-*"],
              binaries: ["team-a-*"],
            },
            reader: { permissions: ["jobs:read"] },
          },
        },
      },
    }),
  );
  admin = createRestAs(hearth.url, proofOf("admin"));
  team = createRestAs(hearth.url, proofOf("team"));
  await Promise.all([admin.upload("math", PROGRAM), team.upload("team-a-math", PROGRAM)]);
  const [teamContext, otherContext] = await Promise.all([
    team.createContext("team-a-one"),
    admin.createContext("other"),
  ]);
  const [{ job: teamJob }, { job: otherJob }] = await Promise.all([team.run(TEAM_JOB), admin.run(OTHER_JOB)]);
  ids = { teamContext: teamContext.id, otherContext: otherContext.id, teamJob: teamJob.id, otherJob: otherJob.id };
});

afterAll(() => stack.disposeAsync());

/** Fills `{otherJob}` and the like into a path. */
function fill(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: keyof typeof ids) => ids[name]);
}

describe("a role with patterns", () => {
  test.each<[string, string, object?]>([
    ["GET", "/v1/jobs/{teamJob}"],
    ["GET", "/v1/jobs/{teamJob}/result"],
    ["GET", "/v1/jobs/{teamJob}/events"],
    ["GET", "/v1/contexts/team-a-one"],
    ["GET", "/v1/contexts/{teamContext}"],
    ["GET", "/v1/binaries/team-a-math@1"],
    ["POST", "/v1/jobs:run", TEAM_JOB],
    ["POST", "/v1/jobs:run", { ...TEAM_JOB, binary: "team-a-math@1" }],
    ["GET", "/jobs/{teamJob}"],
    ["GET", "/contexts/team-a-one"],
  ])("may %s %s", async (method, path, body) => {
    const answer = await fetch(hearth.url + fill(path), request("team", method, body));
    expect(answer.status).toBe(200);
    await answer.text();
  });

  test.each<[string, string, object?]>([
    ["GET", "/v1/jobs/{otherJob}"],
    ["GET", "/v1/jobs/{otherJob}/result"],
    ["GET", "/v1/jobs/{otherJob}/config"],
    ["GET", "/v1/jobs/{otherJob}/logs"],
    ["GET", "/v1/jobs/{otherJob}/logs:watch"],
    ["GET", "/v1/jobs/{otherJob}/events"],
    ["POST", "/v1/jobs/{otherJob}:cancel", {}],
    ["DELETE", "/v1/jobs/{otherJob}"],
    ["GET", "/v1/contexts/other"],
    ["GET", "/v1/contexts/{otherContext}"],
    ["GET", "/v1/contexts/absent"],
    ["GET", "/v1/contexts/{otherContext}/objects"],
    ["POST", "/v1/contexts/{otherContext}:stop", {}],
    ["POST", "/v1/contexts/other:restart", {}],
    ["DELETE", "/v1/contexts/other"],
    ["POST", "/v1/contexts", { name: "other-one" }],
    ["GET", "/v1/binaries/math"],
    ["GET", "/v1/binaries/math@1"],
    ["GET", "/v1/binaries/math/versions"],
    ["GET", "/v1/binaries/math:download"],
    ["PUT", "/v1/binaries/math", {}],
    ["POST", "/v1/binaries/math:rollback", { version: 1 }],
    ["DELETE", "/v1/binaries/math@1"],
    ["POST", "/v1/jobs", { ...TEAM_JOB, binary: "math" }],
    ["POST", "/v1/jobs", { ...TEAM_JOB, binary: "math@1" }],
    ["POST", "/v1/jobs", { ...TEAM_JOB, context: "other" }],
    ["POST", "/v1/jobs", { ...TEAM_JOB, context: "{otherContext}" }],
    ["POST", "/v1/jobs", { ...TEAM_JOB, context: "" }],
    ["POST", "/v1/jobs:run", { ...TEAM_JOB, context: undefined }],
    ["GET", "/v1/nodes"],
    ["GET", "/v1/data"],
    ["GET", "/jobs/{otherJob}"],
    ["GET", "/jobs/{otherJob}/config"],
    ["DELETE", "/jobs/{otherJob}"],
    ["GET", "/contexts/other"],
    ["POST", "/contexts/other-one"],
    ["DELETE", "/contexts/other"],
    ["PUT", "/contexts?reset=reboot"],
    ["GET", "/binaries/math"],
    ["DELETE", "/binaries/math"],
    ["POST", "/jars/math"],
    ["POST", "/jobs?appName=math&classPath=add&context=team-a-one"],
    ["POST", "/jobs?appName=team-a-math&classPath=add&context=other"],
    ["POST", "/jobs?appName=team-a-math&classPath=add"],
    ["POST", "/jobs?cp=math&mainClass=add&context=team-a-one"],
    ["POST", "/jobs?cp=team-a-math,math&mainClass=add&context=team-a-one"],
    ["GET", "/data"],
  ])("may not %s %s %j", async (method, path, body) => {
    const text = body === undefined ? undefined : JSON.parse(fill(JSON.stringify(body)));
    const answer = await fetch(hearth.url + fill(path), request("team", method, text));
    expect([answer.status, await answer.text()]).toEqual([
      403,
      expect.stringMatching(/Cannot use permission|not authorized/),
    ]);
  });

  test("changes no objects of others", async () => {
    expect((await admin.call("GET", "/v1/contexts/other")).body).toMatchObject({ state: "RUNNING" });
    expect((await admin.call("GET", "/v1/binaries/math")).body).toMatchObject({ version: 1 });
  });

  test("lists only objects that it may access", async () => {
    await admin.run(OTHER_JOB);
    const list = async (path: string) => (await team.call("GET", path)).body;
    expect(await list("/v1/binaries")).toMatchObject({ binaries: [{ name: "team-a-math" }] });
    expect(await list("/v1/contexts")).toMatchObject({ contexts: [{ name: "team-a-one" }] });
    const { jobs } = (await list("/v1/jobs?page_size=1")) as { jobs: object[] };
    expect(jobs).toMatchObject([{ context: "team-a-one" }]);
    expect(await list("/v1/contexts/other/jobs")).toEqual({});
    expect(Object.keys((await list("/binaries")) as object)).toEqual(["team-a-math"]);
    expect(Object.keys((await list("/jars")) as object)).toEqual(["team-a-math"]);
    expect(await list("/contexts")).toEqual(["team-a-one"]);
    for (const job of (await list("/jobs?limit=2")) as object[]) expect(job).toMatchObject({ context: "team-a-one" });
    expect(await list("/v1/audit")).toEqual({});
  });

  test("pages through a list from which objects are filtered", async () => {
    for (let round = 0; round < 3; round++) await Promise.all([admin.run(OTHER_JOB), team.run(TEAM_JOB)]);
    const all = (await team.call("GET", "/v1/jobs")).body as { jobs: { id: string }[] };
    const paged: string[] = [];
    for (let token = ""; ; ) {
      const { body } = await team.call("GET", `/v1/jobs?page_size=2&page_token=${token}`);
      const { jobs = [], nextPageToken = "" } = body as { jobs?: { id: string }[]; nextPageToken?: string };
      paged.push(...jobs.map(({ id }) => id));
      token = nextPageToken;
      if (token === "") break;
    }
    expect(paged).toEqual(all.jobs.map(({ id }) => id));
  });
});

interface Entry {
  readonly principal?: string;
  readonly action: string;
  readonly outcome: string;
  readonly job?: string;
  readonly times: number;
}

async function auditOf(query = ""): Promise<Entry[]> {
  const { body } = await admin.call("GET", `/v1/audit?page_size=1000${query}`);
  return (body as { entries?: Entry[] }).entries ?? [];
}

async function untilAudited(fields: Partial<Entry>): Promise<Entry> {
  let found: Entry | undefined;
  await until(`an entry ${JSON.stringify(fields)}`, async () => {
    found = (await auditOf()).find((entry) =>
      Object.entries(fields).every(([key, value]) => entry[key as keyof Entry] === value),
    );
    return found !== undefined;
  });
  return found as Entry;
}

describe("the audit log", () => {
  test("records who started which job of which binary", async () => {
    const { job } = await team.run(TEAM_JOB);
    expect(await untilAudited({ job: job.id })).toMatchObject({
      principal: "team",
      authenticatedBy: "auth-basic",
      peer: "127.0.0.1",
      action: "hearth.v1.JobService/RunJob",
      permission: "jobs:start",
      context: "team-a-one",
      binary: "team-a-math",
      outcome: "DONE",
      times: 1,
    });
  });

  test("records jobs that were started through spark-jobserver's API", async () => {
    const path = "/jobs?appName=team-a-math&classPath=add&context=team-a-one&sync=true";
    const answer = await fetch(hearth.url + path, { ...request("team", "POST"), body: "{a: 1, b: 2}" });
    const { jobId } = (await answer.json()) as { jobId: string };
    expect(await untilAudited({ job: jobId })).toMatchObject({
      action: "POST /jobs",
      permission: "jobs:start",
      context: "team-a-one",
      binary: "team-a-math",
      outcome: "DONE",
    });
  });

  test("records denied calls with the reason", async () => {
    await team.call("DELETE", "/v1/contexts/other");
    expect(await untilAudited({ action: "hearth.v1.ContextService/StopContext", outcome: "REFUSED" })).toMatchObject({
      principal: "team",
      context: "other",
      code: "permission_denied",
      reason: "PERMISSION_DENIED",
    });
  });

  test("records allowed calls that failed", async () => {
    await admin.call("DELETE", "/v1/contexts/absent");
    expect(await untilAudited({ action: "hearth.v1.ContextService/StopContext", outcome: "FAILED" })).toMatchObject({
      principal: "admin",
      context: "absent",
      code: "not_found",
    });
  });

  test("aggregates many denials in few entries with counts", async () => {
    // No credentials at all, as far as can be told: hashing a password takes long enough to part the refusals.
    const headers = { authorization: "Basic hunter2!" };
    const path = `${hearth.url}/v1/jobs/${ids.teamJob}/logs`;
    await Promise.all(Array.from({ length: 20 }, async () => (await fetch(path, { headers })).text()));
    const action = "hearth.v1.JobService/ListJobLogs";
    const ofFlood = async () =>
      (await auditOf()).filter((entry) => entry.action === action && entry.principal === undefined);
    await until("all are told", async () => (await ofFlood()).reduce((sum, { times }) => sum + times, 0) === 20);
    expect((await ofFlood()).length).toBeLessThan(20);
    expect(await untilAudited({ action })).toMatchObject({
      outcome: "REFUSED",
      code: "unauthenticated",
      reason: "auth-basic: the header is not well-formed",
    });
  });

  test("contains no reads and no secrets", async () => {
    const reader = createRestAs(hearth.url, proofOf("reader"));
    await reader.call("GET", "/v1/jobs");
    await reader.call("GET", "/v1/contexts/other");
    await untilAudited({ principal: "reader" });
    expect(await auditOf("&principal=reader")).toMatchObject([{ action: "hearth.v1.ContextService/GetContext" }]);
    expect(JSON.stringify(await auditOf())).not.toMatch(/hunter2|maet|nimda|Basic/);
  });

  test("is published as a stream on NATS", async () => {
    const { job } = await team.run(TEAM_JOB);
    const { id } = (await untilAudited({ job: job.id })) as Entry & { id: string };
    const nats = await connect({ servers: hearth.natsUrl });
    stack.defer(() => nats.close());
    const consumer = await jetstream(nats).consumers.get("HEARTH_AUDIT", {
      filter_subjects: "hearth.v1.audit.done.jobs.start",
    });
    for await (const message of await consumer.consume()) {
      if (message.headers?.get("ce-id") !== id) continue;
      expect(message.json()).toMatchObject({ principal: "team", job: job.id, outcome: "DONE" });
      expect(message.headers.get("ce-type")).toBe("hearth.v1.audit.done");
      break;
    }
  });
});

function request(name: string, method: string, body?: object): RequestInit {
  const headers = { ...proofOf(name), "content-type": "application/json" };
  return { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
}
