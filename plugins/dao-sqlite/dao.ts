import { resolve } from "node:path";
import { createRecordReader, type Dao, type PluginStart, translateErrors } from "../contract/mod.ts";
import { createAuditStore } from "./audit.ts";
import { createBinaryStore } from "./binaries.ts";
import { createContextStore } from "./contexts.ts";
import { openForReading } from "./database.ts";
import { createFileStore } from "./files.ts";
import { createFolderOf } from "./folder.ts";
import { createJobStore } from "./jobs.ts";
import { createOutboxStore } from "./outbox.ts";
import { sqliteFault } from "./unavailable.ts";
import { openWriter, startWriterThread } from "./writer.ts";

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
