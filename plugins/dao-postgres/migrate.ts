import { crc32 } from "node:zlib";
import pg from "pg";
import { abortable } from "../../lib/async/mod.ts";
import { type Database, databaseFault, endClient } from "./database.ts";
import { migrations } from "./schema.ts";

/** Oldest supported version of the server. */
const OLDEST_SERVER = 130_000;

/** Marks the advisory locks of Hearth ("Hrth"); the second half of their key is the schema. */
const LOCK_SPACE = 0x48727468;

/** The reason for which a database cannot be used. */
class DatabaseRefused extends Error {}

/** SQL that waits for the right to write to a schema and keeps it until the transaction ends. */
export function lockSql(schema: string): string {
  return `SELECT pg_advisory_xact_lock(${LOCK_SPACE}, ${crc32(schema) | 0})`;
}

/**
 * Creates or migrates the schema; gateways that start together take turns. Rejects when it has foreign tables or is of a newer release,
 * when the server is too old, or with the signal's reason.
 */
export async function migrate(database: Database, { signal }: { signal: AbortSignal }): Promise<void> {
  signal.throwIfAborted();
  const client = new pg.Client(database.options);
  // A broken connection also rejects the waiting query.
  client.on("error", () => {});
  try {
    await abortable(migrateOver(client, database), signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw databaseFault(database, "open", cause);
  } finally {
    await endClient(client);
  }
}

async function migrateOver(client: pg.Client, { schema }: Database): Promise<void> {
  await client.connect();
  const { rows } = await client.query<{ version: number; encoding: string }>(
    "SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding",
  );
  for (const { version, encoding } of rows) {
    if (version < OLDEST_SERVER)
      throw new DatabaseRefused(`its server is older than PostgreSQL ${OLDEST_SERVER / 10_000}`);
    if (encoding !== "UTF8") throw new DatabaseRefused(`its encoding is ${encoding}, not UTF8`);
  }
  // Later gateways wait for the first one without limit.
  await client.query(`BEGIN; SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; ${lockSql(schema)}`);
  await createSchema(client, schema);
  const found = await readVersion(client, schema);
  if (found > migrations.length) {
    throw new DatabaseRefused(`a newer Hearth wrote it (schema ${found}, this one knows ${migrations.length})`);
  }
  for (const migration of migrations.slice(found)) await client.query(migration);
  await client.query("UPDATE hearth_schema SET version = $1 WHERE version <> $1", [migrations.length]);
  await client.query("COMMIT");
}

/** Checks first: even creating an existing schema needs a privilege. */
async function createSchema(client: pg.Client, schema: string): Promise<void> {
  const { rows } = await client.query("SELECT FROM pg_namespace WHERE nspname = $1", [schema]);
  if (rows.length === 0) await client.query(`CREATE SCHEMA ${pg.escapeIdentifier(schema)}`);
}

/** The number of applied migrations. Creates the table that counts them. */
async function readVersion(client: pg.Client, schema: string): Promise<number> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = $1",
    [schema],
  );
  if (rows.length === 0) {
    await client.query("CREATE TABLE hearth_schema (version integer NOT NULL)");
    await client.query("INSERT INTO hearth_schema VALUES (0)");
  } else if (!rows.some(({ name }) => name === "hearth_schema")) {
    throw new DatabaseRefused(`its schema "${schema}" holds tables that are not Hearth's`);
  }
  const versions = await client.query<{ version: number }>("SELECT version FROM hearth_schema");
  return versions.rows[0]?.version ?? 0;
}
