import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { checkDamagedRecords } from "../../test/contract/damaged_records.ts";
import { expectRefusedWithItsChange } from "../../test/contract/refused_event.ts";
import { json, sampleBinary, sampleEvent, sampleFile, sampleId, sampleJob } from "../../test/contract/samples.ts";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { startTestPostgres, type TestPostgres } from "../../test/postgres/server.ts";
import { until } from "../../test/until.ts";
import type { Dao } from "../contract/mod.ts";
import { configSchema } from "./config.ts";
import { readDatabase } from "./database.ts";
import { lockSql } from "./migrate.ts";
import postgres from "./mod.ts";

const running = new AbortController().signal;

let server: TestPostgres;
let address: string;
let schema: string;
let schemas = 0;

beforeAll(async () => {
  server = await startTestPostgres();
  address = `127.0.0.1:${server.port}/postgres`;
});

afterAll(() => server[Symbol.asyncDispose]());

beforeEach(() => {
  schemas += 1;
  schema = `hearth_${schemas}`;
});

async function start(settings: object = {}, { signal = running } = {}): Promise<Dao> {
  const config = await configSchema.parseAsync({ url: server.url, schema, poolSize: 2, ...settings });
  return postgres.start({ config, log: { info() {}, warn() {} }, signal });
}

async function query(sql: string): Promise<void> {
  const client = new pg.Client(server.url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

test("acknowledged writes survive a crash of gateway and server, with results and events", async () => {
  const script = fileURLToPath(new URL("./crash_child.ts", import.meta.url));
  const config = JSON.stringify({ url: server.url, schema });
  const child = spawn(process.execPath, [script, config], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const acknowledged: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === 500) child.kill("SIGKILL");
  }
  await exited;
  await server.stop();
  await server.start();

  await using dao = await start();
  expect(acknowledged.length).toBeGreaterThanOrEqual(500);
  for (const n of acknowledged) {
    expect((await dao.jobs.get(sampleId(n)))?.revision).toBe(2);
    expect(await dao.jobs.result(sampleId(n))).toEqual(json(n));
  }
  // Each change is stored with its event, or neither is.
  const jobs = await dao.jobs.list({}, { limit: 100_000 });
  const events = await dao.outbox.list({ limit: 100_000 });
  expect(events.map(({ id }) => id)).toEqual(
    jobs.flatMap(({ id, revision }) => (revision === 2 ? [id] : [])).toReversed(),
  );
});

test("an event that cannot be stored keeps its change from being stored", async () => {
  await using dao = await start();
  await expectRefusedWithItsChange(dao, async () => {
    await query(`ALTER TABLE ${schema}.outbox ADD CHECK (id <> 'e')`);
    return sampleEvent("e");
  });
});

test("a failing write does not affect the others of its group", async () => {
  await using dao = await start();
  const impossibleTime = { $typeName: "google.protobuf.Timestamp", seconds: 2n ** 62n, nanos: 0 } as const;

  const answers = await Promise.allSettled([
    dao.jobs.insert(sampleJob(1), json(1)),
    dao.jobs.insert(sampleJob(2, { endTime: impossibleTime }), json(2)),
    dao.jobs.update(sampleJob(1, { revision: 5 })),
    dao.jobs.insert(sampleJob(3), json(3)),
  ]);

  expect(answers.map((answer) => (answer.status === "fulfilled" ? answer.value : "failed"))).toEqual([
    undefined,
    "failed",
    false,
    undefined,
  ]);
  expect(await dao.jobs.list({}, { limit: 10 })).toEqual([sampleJob(3), sampleJob(1)]);
  expect(await dao.jobs.config(sampleId(3))).toEqual(json(3));
});

test("an invalid response is a bug and does not affect the others of its group", async () => {
  await using dao = await start();
  await query(`
    CREATE FUNCTION ${schema}.skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER skip BEFORE INSERT ON ${schema}.binaries FOR EACH ROW EXECUTE FUNCTION ${schema}.skip()`);

  const [binary, job] = await Promise.allSettled([
    dao.binaries.insert(sampleBinary("a", 1)),
    dao.jobs.insert(sampleJob(1), json(1)),
  ]);

  expect(binary).toMatchObject({ reason: { name: "Error", message: expect.stringContaining("answered no version") } });
  expect(job.status).toBe("fulfilled");
});

test("reads, writes and checkHealth() reject while the server is unavailable, and recover", async () => {
  await using dao = await start();
  await dao.jobs.insert(sampleJob(1), json(1));
  const underWay = Array.from({ length: 100 }, (_, n) => dao.jobs.insert(sampleJob(n + 2), json(n)));

  const [outcomes] = await Promise.all([Promise.allSettled(underWay), server.stop()]);
  expect(
    outcomes.filter((outcome) => outcome.status === "rejected" && !reasonOf(outcome).startsWith("Cannot write")),
  ).toEqual([]);
  await untilRefused(() => dao.jobs.get(sampleId(1)), `Cannot read database "${address}": `);
  await untilRefused(() => dao.jobs.insert(sampleJob(200), json(1)), `Cannot write to database "${address}": `);
  await expect(dao.checkHealth()).rejects.toThrow("ECONNREFUSED");
  await expect(dao.jobs.get(sampleId(1))).rejects.toMatchObject({ name: "StoreUnavailable", state: "away" });

  await server.start();
  await dao.checkHealth();
  expect(await dao.jobs.get(sampleId(1))).toEqual(sampleJob(1));
  expect(await dao.jobs.insert(sampleJob(200), json(1))).toBeUndefined();
});

/** Calls until the error is about a missing server: the first calls may find that their connections are gone. */
async function untilRefused(call: () => Promise<unknown>, told: string): Promise<void> {
  await until("no server is there", async () => {
    const [outcome] = await Promise.allSettled([call()]);
    const reason = outcome.status === "rejected" ? reasonOf(outcome) : "it was answered";
    expect(reason).toContain(told);
    return reason.startsWith(`${told}connect ECONNREFUSED`);
  });
}

test.each([
  ["readOnly", "ALTER ROLE hearth_weak SET default_transaction_read_only = on"],
  ["denied", "REVOKE ALL ON ALL TABLES IN SCHEMA %s FROM hearth_weak"],
  ["busy", "ALTER ROLE hearth_weak CONNECTION LIMIT 0"],
])("a database that cannot be used is %s; a bug is not", async (state, change) => {
  await query(
    `DROP ROLE IF EXISTS hearth_weak; CREATE ROLE hearth_weak LOGIN PASSWORD 'weak'; GRANT CREATE ON DATABASE postgres TO hearth_weak`,
  );
  const { host } = new URL(server.url);
  const url = `postgres://hearth_weak:weak@${host}/postgres`;
  const owner = change.startsWith("REVOKE") ? server.url : url;
  {
    await using _made = await start({ url: owner });
  }
  if (change.startsWith("REVOKE"))
    await query(
      `GRANT ALL ON SCHEMA ${schema} TO hearth_weak; GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO hearth_weak`,
    );
  await using dao = await start({ url });
  const impossibleTime = { $typeName: "google.protobuf.Timestamp", seconds: 2n ** 62n, nanos: 0 } as const;
  const bug = dao.jobs.insert(sampleJob(1, { endTime: impossibleTime }), json(1));
  await expect(bug).rejects.not.toMatchObject({ name: "StoreUnavailable" });
  await query(change.replace("%s", schema));
  await query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'hearth_weak'");
  await until("its connections are gone", async () => {
    const [outcome] = await Promise.allSettled([dao.jobs.insert(sampleJob(2), json(2))]);
    if (outcome.status === "fulfilled") return false;
    expect(outcome.reason).toMatchObject({ name: "StoreUnavailable" });
    return outcome.reason.state === state;
  });
  await query("ALTER ROLE hearth_weak RESET ALL; ALTER ROLE hearth_weak CONNECTION LIMIT -1");
  await query(`DROP SCHEMA ${schema} CASCADE; DROP OWNED BY hearth_weak; DROP ROLE hearth_weak`);
});

test("writes in flight reject when their connection is cut, and the next one reconnects", async () => {
  await using dao = await start();
  const cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hearth'";
  const holder = new pg.Client(server.url);
  await holder.connect();
  await holder.query(`BEGIN; ${lockSql(schema)}`);

  const waiting = dao.jobs.insert(sampleJob(1), json(1));
  const [outcome] = await Promise.all([Promise.allSettled([waiting]), query(cut)]);
  await holder.end();

  expect(outcome[0].status === "rejected" && reasonOf(outcome[0])).toMatch(/^Cannot write to database ".*": /);
  expect(await dao.jobs.insert(sampleJob(1), json(1))).toBeUndefined();
});

test("a gateway that is suspended during a transaction blocks the others for seconds only", async () => {
  await using dao = await start();
  const { options } = await readDatabase(configSchema.parse({ url: server.url, schema }));
  const still = new pg.Client(options);
  const faults: Error[] = [];
  still.on("error", (error) => faults.push(error));
  await still.connect();
  await still.query(`BEGIN; ${lockSql(schema)}`);

  expect(await dao.jobs.insert(sampleJob(1), json(1))).toBeUndefined();
  expect(faults.map(String).join()).toContain("idle-in-transaction timeout");
});

test("the error of a wrong password has no password", async () => {
  const [started] = await Promise.allSettled([start({ password: "not-the-secret" })]);

  expect(started.status === "rejected" && reasonOf(started)).toBe(
    `Cannot open database "${address}": password authentication failed for user "hearth"`,
  );
  for (const secret of ["not-the-secret", server.password]) {
    expect(inspect(started, { depth: 10, showHidden: true })).not.toContain(secret);
  }
});

test("the password may come from a file", async () => {
  await using directory = await createTemporaryDirectory();
  const passwordFile = join(directory.path, "password");
  await writeFile(passwordFile, `${server.password}\n`);
  const single = { url: undefined, host: "127.0.0.1", port: server.port, database: "postgres" };

  await using dao = await start({ ...single, passwordFile });
  await dao.checkHealth();
});

test("names may contain any character", async () => {
  await using dao = await start();
  const names = ["a", "a\u0000", "a\u0000b", "a\u0001", "a\u0001\u0001", "a\u0002", "b"];
  for (const name of names.toReversed()) await dao.files.put(sampleFile(name));
  await dao.binaries.insert(sampleBinary("a\u0000", 1));

  expect((await dao.files.list({}, { limit: 10 })).map((file) => file.name)).toEqual(names);
  expect((await dao.files.list({ prefix: "a\u0000" }, { limit: 10 })).map((file) => file.name)).toEqual(
    names.slice(1, 3),
  );
  expect((await dao.binaries.get("a\u0000", { newest: true }))?.name).toBe("a\u0000");
});

function reasonOf({ reason }: PromiseRejectedResult): string {
  return reason.message;
}

test("records that cannot be read are left out of lists and logged once", async () => {
  const logged: string[] = [];
  const log = { info() {}, warn: (message: string) => void logged.push(message) };
  const config = await configSchema.parseAsync({ url: server.url, schema, poolSize: 2 });
  await using dao = await postgres.start({ config, log, signal: running });
  await checkDamagedRecords(dao, {
    logged,
    async damage(table, where, message) {
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      await client.query(`UPDATE ${schema}.${table} SET message = $1 WHERE ${where}`, [Buffer.from(message)]);
      await client.end();
    },
  });
});
