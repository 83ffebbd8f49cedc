import { abortable } from "../../lib/async/mod.ts";
import { createRecordReader, type Dao, type PluginStart } from "../contract/mod.ts";
import type { Write } from "./commits/write.ts";
import { createWriter } from "./commits/writer.ts";
import type { PostgresConfig } from "./config.ts";
import { createReader, readDatabase } from "./database.ts";
import { migrate } from "./migrate.ts";
import { createAuditStore } from "./tables/audit.ts";
import { createBinaryStore } from "./tables/binaries.ts";
import { createContextStore } from "./tables/contexts.ts";
import { createFileStore } from "./tables/files.ts";
import { createJobStore } from "./tables/jobs.ts";
import { createOutboxStore } from "./tables/outbox.ts";

/** A write without effect, which fails on a read-only server. */
const ping: Write<void> = {
  name: "ping",
  text: "DELETE FROM files WHERE false",
  values: [],
  answerOf: () => undefined,
};

/** Connects to the database, and creates or migrates Hearth's schema. */
export async function startDao({ config, log, signal }: PluginStart<PostgresConfig>): Promise<Dao> {
  const database = await readDatabase(config);
  await migrate(database, { signal });

  await using opened = new AsyncDisposableStack();
  const reader = opened.use(createReader(database, { poolSize: config.poolSize, log }));
  const writer = opened.use(createWriter(database));
  await writer.write(ping);
  const stores = { reader, writer, records: createRecordReader(log) };

  const resources = opened.move();
  return {
    capabilities: { durable: true, shared: true },
    jobs: createJobStore(stores),
    contexts: createContextStore(stores),
    binaries: createBinaryStore(stores),
    files: createFileStore(stores),
    audit: createAuditStore(stores),
    outbox: createOutboxStore(stores),
    async checkHealth(options) {
      options?.signal?.throwIfAborted();
      const checks = Promise.all([reader.read({ text: "SELECT 1", values: [] }), writer.write(ping)]);
      await abortable(checks, options?.signal);
    },
    async [Symbol.asyncDispose]() {
      await resources.disposeAsync();
    },
  };
}
