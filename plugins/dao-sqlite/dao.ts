import { resolve } from "node:path";
import { createRecordReader, type Dao, type PluginStart, translateErrors } from "../contract/mod.ts";
import { openWriter, startWriterThread } from "./commits/writer.ts";
import { openForReading } from "./database.ts";
import { createFolderOf } from "./folder.ts";
import { createAuditStore } from "./tables/audit.ts";
import { createBinaryStore } from "./tables/binaries.ts";
import { createContextStore } from "./tables/contexts.ts";
import { createFileStore } from "./tables/files.ts";
import { createJobStore } from "./tables/jobs.ts";
import { createOutboxStore } from "./tables/outbox.ts";
import { sqliteFault } from "./unavailable.ts";

/** Opens the database file, creates it and its folder when absent, and starts its writer thread. */
export async function startDao(
  file: string,
  { log, signal }: Pick<PluginStart<unknown>, "log" | "signal">,
): Promise<Dao> {
  const path = resolve(file);
  await using opened = new AsyncDisposableStack();
  await createFolderOf(path);

  const writer = opened.use(await openWriter(startWriterThread(path), { path, signal }));
  const reader = openForReading(path);
  opened.defer(() => reader.close());

  const resources = opened.move();
  const database = { reader, writer, records: createRecordReader(log) };
  const translate = (error: unknown): unknown => sqliteFault(path, error);
  const ping = reader.prepare("SELECT 1");
  return {
    capabilities: { durable: true, shared: true },
    jobs: translateErrors(createJobStore(database), translate),
    contexts: translateErrors(createContextStore(database), translate),
    binaries: translateErrors(createBinaryStore(database), translate),
    files: translateErrors(createFileStore(database), translate),
    audit: translateErrors(createAuditStore(database), translate),
    outbox: translateErrors(createOutboxStore(database), translate),
    async checkHealth(options) {
      options?.signal?.throwIfAborted();
      ping.get();
      await writer.write("ping", []);
    },
    async [Symbol.asyncDispose]() {
      await resources.disposeAsync();
    },
  };
}
