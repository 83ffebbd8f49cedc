import pg from "pg";
import { type Database, databaseFault, endClient, SILENCE_TIMEOUT_MS } from "../database.ts";
import { lockSql } from "../migrate.ts";
import type { Row } from "../tables/rows.ts";
import { commitBatch, type Outcome } from "./commit.ts";
import type { Write } from "./write.ts";

/** Most waiting writes: minutes of work. More means that the database has stopped, and would fill the memory. */
const WAITING_LIMIT = 200_000;

/** Writes of one transaction at most: other gateways wait for its end. */
const BATCH_LIMIT = 1000;

/** Error code of a server that has become a standby. */
const READ_ONLY = "25006";

/** Passes writes to a dedicated connection. Disposal finishes pending writes, then closes the connection. */
export interface Writer extends AsyncDisposable {
  /**
   * Runs a write. Resolves to its result when it is durable. Writes take effect in the order of the calls. Those that arrive during a
   * commit share the next one. Rejects when the write failed or the writer is closed; also when the connection was lost, and a write in
   * flight may then be stored or not. The next write reconnects.
   */
  write<Answer>(write: Write<Answer>): Promise<Answer>;
}

interface PendingWrite {
  readonly write: Write<unknown>;
  resolve(rows: readonly Row[]): void;
  reject(error: Error): void;
}

interface Connection {
  readonly client: pg.Client;
  isBroken: boolean;
}

/** Makes a writer. It connects when there is something to write. */
export function createWriter(database: Database): Writer {
  const lock = lockSql(database.schema);
  let connection: Connection | undefined;
  let waiting: PendingWrite[] = [];
  let committing: Promise<void> | undefined;
  let isClosed = false;

  return {
    write<Answer>(write: Write<Answer>) {
      if (isClosed) return Promise.reject(databaseFault(database, "write to", "it is closed"));
      if (waiting.length >= WAITING_LIMIT) {
        return Promise.reject(databaseFault(database, "write to", `${waiting.length} writes wait already`));
      }
      const { promise, resolve, reject } = Promise.withResolvers<readonly Row[]>();
      waiting.push({ write, resolve, reject });
      committing ??= commitWaiting();
      // After the commit: rows that cannot be read are a bug of ours, and no reason to write again.
      return promise.then((rows) => write.answerOf(rows));
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await committing;
      if (connection !== undefined) await endClient(connection.client);
    },
  };

  async function commitWaiting(): Promise<void> {
    // After the microtasks, so that writes called together go together.
    await null;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH_LIMIT);
      waiting = waiting.slice(BATCH_LIMIT);
      const outcomes = await commit(batch.map(({ write }) => write));
      for (const [position, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[position];
        if (outcome?.status === "fulfilled") resolve(outcome.value);
        else reject(databaseFault(database, "write to", outcome?.reason));
      }
    }
    committing = undefined;
  }

  /** Never rejects. */
  async function commit(writes: readonly Write<unknown>[]): Promise<Outcome[]> {
    const [connected] = await Promise.allSettled([connect()]);
    if (connected.status === "rejected") return writes.map(() => connected);
    const { client } = connected.value;
    const silence = setTimeout(
      () => client.connection.stream.destroy(new Error(`it did not answer for ${SILENCE_TIMEOUT_MS} ms`)),
      SILENCE_TIMEOUT_MS,
    );
    const outcomes = await commitBatch(client, writes, { lock, isBroken: () => connected.value.isBroken });
    clearTimeout(silence);
    // Another server may have taken over under the same name.
    if (outcomes.some(isReadOnly)) client.connection.stream.destroy();
    return outcomes;
  }

  async function connect(): Promise<Connection> {
    if (connection && !connection.isBroken) return connection;
    connection = undefined;
    const opened = await openConnection(database);
    connection = opened;
    return opened;
  }
}

async function openConnection({ options }: Database): Promise<Connection> {
  const client = new pg.Client({ ...options, pipeline: true });
  const connection = { client, isBroken: false };
  const markBroken = () => {
    connection.isBroken = true;
  };
  client.on("error", markBroken);
  client.on("end", markBroken);
  await client.connect();
  // Enforces durability even if the server's setting is weaker; a stronger one stays.
  await client.query(`
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')`);
  return connection;
}

function isReadOnly(outcome: Outcome): boolean {
  return (
    outcome.status === "rejected" && outcome.reason instanceof pg.DatabaseError && outcome.reason.code === READ_ONLY
  );
}
