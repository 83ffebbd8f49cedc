import { toBinary } from "@bufbuild/protobuf";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { JobSchema } from "../../proto/mod.ts";
import { json, sampleEvent, sampleId, sampleJob } from "../../test/contract/samples.ts";
import { startTestPostgres, type TestPostgres } from "../../test/postgres/server.ts";
import type { Dao } from "../contract/mod.ts";
import { configSchema } from "./config.ts";
import { lockSql } from "./migrate.ts";
import postgres from "./mod.ts";
import { migrations } from "./schema.ts";

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

async function start({ signal = new AbortController().signal } = {}): Promise<Dao> {
  const config = await configSchema.parseAsync({ url: server.url, schema, poolSize: 2 });
  return postgres.start({ config, log: { info() {}, warn() {} }, signal });
}

async function query(sql: string, values?: readonly unknown[]): Promise<void> {
  const client = new pg.Client(server.url);
  await client.connect();
  try {
    await client.query(sql, values && [...values]);
  } finally {
    await client.end();
  }
}

test.each(migrations.keys().drop(1).toArray())(
  "start() migrates a database of schema %i and keeps its content",
  async (version) => {
    await createOld(version);

    await using dao = await start();

    expect(await dao.jobs.list({}, { limit: 10 })).toEqual([sampleJob(1)]);
    expect(await dao.outbox.list({ limit: 10 })).toEqual([]);
    expect(await dao.jobs.update(sampleJob(1, { revision: 2 }), { event: sampleEvent("e") })).toBe(true);
    expect(await dao.outbox.list({ limit: 10 })).toEqual([sampleEvent("e")]);
  },
);

/** The schema of that version, with a job. */
async function createOld(version: number): Promise<void> {
  await query(`
    CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${migrations.slice(0, version).join("")}
    CREATE TABLE hearth_schema (version integer NOT NULL); INSERT INTO hearth_schema VALUES (${version})`);
  const { state, contextId, context, binary, binaryDigest, revision } = sampleJob(1);
  const columns = [sampleId(1), state, contextId, context, binary, binaryDigest, revision];
  await query(
    `INSERT INTO ${schema}.jobs (id, state, context_id, context, "binary", binary_digest, revision, message, config)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [...columns, toBinary(JobSchema, sampleJob(1)), json({})],
  );
}

test("start() refuses a database of a newer Hearth", async () => {
  await (await start())[Symbol.asyncDispose]();
  await query(`UPDATE ${schema}.hearth_schema SET version = 99`);

  await expect(start()).rejects.toThrow(
    `Cannot open database "${address}": a newer Hearth wrote it (schema 99, this one knows ${migrations.length})`,
  );
});

test("start() refuses a schema of another program and leaves it unchanged", async () => {
  await query(`CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.books (title text)`);

  await expect(start()).rejects.toThrow(
    `Cannot open database "${address}": its schema "${schema}" holds tables that are not Hearth's`,
  );
  await expect(query(`SELECT FROM ${schema}.jobs`)).rejects.toThrow("does not exist");
});

test("start() rejects with the reason of a signal that is aborted, also while it waits", async () => {
  const reason = new Error("enough");
  await expect(start({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);

  const holder = new pg.Client(server.url);
  await holder.connect();
  await holder.query(`BEGIN; ${lockSql(schema)}`);
  const controller = new AbortController();
  const starting = start({ signal: controller.signal });
  controller.abort(reason);
  await expect(starting).rejects.toBe(reason);
  await holder.end();
});

test("DAOs that start on an empty database at the same moment all succeed", async () => {
  const opened = await Promise.all(Array.from({ length: 6 }, () => start()));
  for (const dao of opened) await dao.checkHealth();
  for (const dao of opened) await dao[Symbol.asyncDispose]();
});
