import { afterAll, beforeAll, expect, test } from "vitest";
import { basicProof, passwordOf, writeUsers } from "../../test/auth/credentials.ts";
import { createRestAs, type Rest } from "../../test/http/rest.ts";
import { type SparkSystem, startSparkSystem } from "../../test/spark/system.ts";
import { until } from "../../test/until.ts";

const proofOf = (name: string) => basicProof(name, passwordOf(name));

let system: SparkSystem;
let admin: Rest;
/** A principal that may run binaries whose names begin with `team-`. */
let team: Rest;

beforeAll(async () => {
  system = await startSparkSystem({
    headers: proofOf("admin"),
    async configure(directory) {
      const file = await writeUsers(directory, { admin: ["admin"], team: ["team"] });
      return {
        auth: [{ plugin: "hearth:auth-basic", config: { file } }],
        roles: { admin: { permissions: ["*"] }, team: { permissions: ["jobs:*", "contexts:*"], binaries: ["team-*"] } },
      };
    },
  });
  admin = system.rest;
  team = createRestAs(system.urls[1], proofOf("team"));
  for (const name of ["team-jobs", "team-lib", "other-lib"]) await system.addJar(name, name);
});

afterAll(() => system[Symbol.asyncDispose]());

const job = (...classPath: string[]) => ({ binary: "team-jobs", entryPoint: "bundle", context: "spark", classPath });

/** The newest entry of the audit log about a method by a principal, once it is stored. */
async function auditEntry(action: string, principal: string) {
  let found: { action: string } | undefined;
  await until(`${action} is in the audit log`, async () => {
    const { body } = await admin.call("GET", `/v1/audit?principal=${principal}&page_size=100`);
    const { entries = [] } = body as { entries?: { action: string }[] };
    found = entries.find((entry) => entry.action === `hearth.v1.JobService/${action}`);
    return found !== undefined;
  });
  return found;
}

test("a role that limits binaries applies to class paths", async () => {
  expect((await team.run(job("team-lib"))).result).toBe("team-lib\nteam-jobs");
  expect(await auditEntry("RunJob", "team")).toMatchObject({ binary: "team-jobs", classPath: ["team-lib"] });
  const refused = await team.call("POST", "/v1/jobs", job("team-lib", "other-lib@1"));
  expect(refused).toMatchObject({ status: 403, body: { code: "permission_denied" } });
  const entry = await auditEntry("SubmitJob", "team");
  expect(entry).toMatchObject({ outcome: "REFUSED", classPath: ["team-lib", "other-lib@1"] });
});

test("a job is hidden from callers without access to a binary on its class path", async () => {
  const { job: hidden } = await admin.run(job("other-lib"));
  expect((await team.call("GET", `/v1/jobs/${hidden.id}/result`)).status).toBe(403);
  expect(JSON.stringify((await team.call("GET", "/v1/jobs")).body)).not.toContain(hidden.id);
});

test("only callers with access to the last upload get its runtime as the default of spark-jobserver's API", async () => {
  await admin.upload("script", "export const job = () => 1;");
  const runtimeOf = async (rest: Rest, name: string) => {
    expect(await rest.call("POST", `/contexts/${name}`, {})).toMatchObject({ status: 200 });
    return (await admin.call("GET", `/v1/contexts/${name}`)).body;
  };
  expect(await runtimeOf(admin, "of-admin")).toMatchObject({ settings: { runtime: "DENO" } });
  expect(await runtimeOf(team, "of-team")).toMatchObject({ settings: { runtime: "SPARK" } });
});

test("a role that limits binaries may not run queries", async () => {
  const sql = { statement: "RANGE 1" };
  expect((await team.call("POST", "/v1/contexts/spark:sql", sql)).status).toBe(403);
  expect((await team.call("POST", "/v1/jobs", { context: "spark", sql })).status).toBe(403);
  expect(await auditEntry("RunSql", "team")).toMatchObject({ outcome: "REFUSED", context: "spark" });
});

test("the audit log names the job of a query, and whether it began", async () => {
  const ask = (statement: string) =>
    fetch(`${system.urls[0]}/v1/contexts/spark:sql`, {
      method: "POST",
      headers: { ...proofOf("admin"), "content-type": "application/json" },
      body: JSON.stringify({ statement }),
    });
  const answer = await ask("RANGE 1");
  expect((await answer.text()).split("\n")).toHaveLength(4);
  const id = answer.headers.get("hearth-job-id");
  expect(await auditEntry("RunSql", "admin")).toMatchObject({ outcome: "DONE", context: "spark", job: id });
  expect((await ask("SELEC")).status).toBe(400);
  const isFailed = async () => JSON.stringify(await auditEntry("RunSql", "admin")).includes("FAILED");
  await until("the failure is in the audit log", isFailed);
  expect(await auditEntry("RunSql", "admin")).toMatchObject({ code: "invalid_argument", reason: "QUERY_FAILED" });
});
