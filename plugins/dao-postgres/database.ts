import { readFile } from "node:fs/promises";
import type { ConnectionOptions } from "node:tls";
import pg from "pg";
import { type PluginLog, StoreUnavailable } from "../contract/mod.ts";
import { readText } from "../files/mod.ts";
import { type PostgresConfig, type TlsConfig, targetOf } from "./config.ts";
import type { Row } from "./tables/rows.ts";
import { stateOf } from "./unavailable.ts";

/** Time limit for a connection, from the server or the pool, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Time limit of a statement, in milliseconds. */
const STATEMENT_TIMEOUT_MS = 30_000;

/** Time limit for a response to a statement, in milliseconds. Longer than any statement may take. */
export const SILENCE_TIMEOUT_MS = 45_000;

/** Settings of every session. */
const SETTINGS = {
  statement_timeout: STATEMENT_TIMEOUT_MS,
  /** Time limit for the turn of a writer, in milliseconds; longer means that another is stuck. */
  lock_timeout: 20_000,
  /** Shorter than the others' wait: a gateway that is suspended during a transaction loses its turn. */
  idle_in_transaction_session_timeout: 5_000,
  // Together, the time for which a gateway on a lost machine can hold locks.
  tcp_keepalives_idle: 5,
  tcp_keepalives_interval: 2,
  tcp_keepalives_count: 3,
  client_min_messages: "warning",
};

/** Validated connection options with the content of files. */
export interface Database {
  /** `host:port/database`, for messages. */
  readonly address: string;
  readonly schema: string;
  readonly options: pg.ClientConfig;
}

/** Reads the files that the configuration names. */
export async function readDatabase(config: PostgresConfig): Promise<Database> {
  const { host, port, database, user, password, ssl } = targetOf(config);
  const secret = config.passwordFile === undefined ? password : readText(config.passwordFile).trim();
  const settings = Object.entries({ search_path: config.schema, ...SETTINGS });
  return {
    address: `${host.includes(":") ? `[${host}]` : host}:${port}/${database}`,
    schema: config.schema,
    options: {
      ...{ host, port, database, user },
      ...(secret !== undefined && { password: secret }),
      ssl: await readTls(ssl),
      application_name: "hearth",
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      options: settings.map(([name, value]) => `-c ${name}=${value}`).join(" "),
    },
  };
}

async function readTls(ssl: boolean | TlsConfig): Promise<boolean | ConnectionOptions> {
  if (typeof ssl === "boolean") return ssl && { rejectUnauthorized: true };
  const { caFile, certFile, keyFile, verify } = ssl;
  return {
    rejectUnauthorized: verify,
    ...(caFile !== undefined && { ca: await readFile(caFile) }),
    ...(certFile !== undefined && { cert: await readFile(certFile) }),
    ...(keyFile !== undefined && { key: await readFile(keyFile) }),
  };
}

/** A query and the values of its parameters. With a name it is planned once for each connection. */
export interface Query {
  readonly name?: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Reads committed data. Disposal waits for queries in flight. */
export interface Reader extends AsyncDisposable {
  read(query: Query): Promise<Row[]>;
}

/** Creates a pool. It connects on demand, and again after a lost connection. */
export function createReader(database: Database, { poolSize, log }: { poolSize: number; log: PluginLog }): Reader {
  const pool = new pg.Pool({ ...database.options, max: poolSize, query_timeout: SILENCE_TIMEOUT_MS });
  // Only for idle connections; the next query opens another.
  pool.on("error", (error) =>
    log.warn("lost an idle connection", { address: database.address, reason: error.message }),
  );

  return {
    async read({ name, text, values }) {
      try {
        return (await pool.query<Row>({ ...(name !== undefined && { name }), text, values: [...values] })).rows;
      } catch (cause) {
        throw databaseFault(database, "read", cause);
      }
    },
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

/** Time limit for the server to close a connection, in milliseconds. An unreachable one never does. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Ends a connection gracefully, and cuts it when the server does not respond. */
export async function endClient(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => client.connection.stream.destroy(), CLOSE_TIMEOUT_MS);
  try {
    await client.end();
  } finally {
    clearTimeout(timer);
  }
}

/** An error for operators, with the database and without its password. */
export function databaseFault({ address }: Pick<Database, "address">, verb: string, cause: unknown): Error {
  const message = `Cannot ${verb} database "${address}": ${reasonOf(cause)}`;
  const state = stateOf(cause);
  return state === undefined ? new Error(message, { cause }) : new StoreUnavailable(state, message, { cause });
}

/** For a host with several addresses the error has its reason only in its code. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ("code" in cause && String(cause.code)) || cause.name;
}
