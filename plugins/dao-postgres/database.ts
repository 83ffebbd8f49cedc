import { readFile } from "node:fs/promises";
import type { ConnectionOptions } from "node:tls";
import pg from "pg";
import { type PluginLog, StoreUnavailable } from "../contract/mod.ts";
import { readText } from "../files/mod.ts";
import { type PostgresConfig, type TlsConfig, targetOf } from "./config.ts";
import type { Row } from "./rows.ts";
import { stateOf } from "./unavailable.ts";

/** Time to get a connection, from the server or from the pool. */
const CONNECT_TIMEOUT_MS = 10_000;

/** The server ends a statement that takes longer. */
const STATEMENT_TIMEOUT_MS = 30_000;

/** A connection that is silent for so long after a statement was sent is given up. Longer than any statement may take. */
export const SILENCE_TIMEOUT_MS = 45_000;

/** What every session is told. */
const SETTINGS = {
  statement_timeout: STATEMENT_TIMEOUT_MS,
  /** Writers of one database take turns; one that waits longer than this finds somebody stuck. */
  lock_timeout: 20_000,
  /** Shorter than the wait of the others: a gateway that stands still in the middle of a transaction loses its turn. */
  idle_in_transaction_session_timeout: 5_000,
  // A gateway whose machine is gone holds nothing for longer than these together.
  tcp_keepalives_idle: 5,
  tcp_keepalives_interval: 2,
  tcp_keepalives_count: 3,
  client_min_messages: "warning",
};

/** How to connect, checked and with its files read. */
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

/** Reads what is committed. Disposing it waits for the queries in flight. */
export interface Reader extends AsyncDisposable {
  read(query: Query): Promise<Row[]>;
}

/** Makes a pool. It connects when it is asked to read, and again after a connection was lost. */
export function createReader(database: Database, { poolSize, log }: { poolSize: number; log: PluginLog }): Reader {
  const pool = new pg.Pool({ ...database.options, max: poolSize, query_timeout: SILENCE_TIMEOUT_MS });
  // Only of connections that nobody uses at the moment; the next query opens another.
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

/** Time for the server to close a connection, in milliseconds; one that is out of reach never does. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Says goodbye on a connection, and cuts it where the server does not answer. */
export async function endClient(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => client.connection.stream.destroy(), CLOSE_TIMEOUT_MS);
  try {
    await client.end();
  } finally {
    clearTimeout(timer);
  }
}

/** An error that tells an operator which database, and never its password. */
export function databaseFault({ address }: Pick<Database, "address">, verb: string, cause: unknown): Error {
  const message = `Cannot ${verb} database "${address}": ${reasonOf(cause)}`;
  const state = stateOf(cause);
  return state === undefined ? new Error(message, { cause }) : new StoreUnavailable(state, message, { cause });
}

/** A host with several addresses fails with an error that has its reason in its code alone. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ("code" in cause && String(cause.code)) || cause.name;
}
