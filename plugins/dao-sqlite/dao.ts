import { resolve } from "node:path";
import { type Dao, translateErrors } from "../contract/mod.ts";
import { createAuditStore } from "./audit.ts";
import { createBinaryStore } from "./binaries.ts";
import { createContextStore } from "./contexts.ts";
import { openForReading } from "./database.ts";
import { createFileStore } from "./files.ts";
import { createFolderOf } from "./folder.ts";
import { createJobStore } from "./jobs.ts";
import { sqliteFault } from "./unavailable.ts";
import { openWriter, startWriterThread } from "./writer.ts";

/** Opens the database file, creates it and its folder when absent, and starts its writer thread. */
export async function startDao(file: string, { signal }: { signal: AbortSignal }): Promise<Dao> {
  const path = resolve(file);
  await using opened = new AsyncDisposableStack();
  await createFolderOf(path);

  const writer = opened.use(await openWriter(startWriterThread(path), { path, signal }));
  const reader = openForReading(path);
  opened.defer(() => reader.close());

  const resources = opened.move();
  const translate = (error: unknown): unknown => sqliteFault(path, error);
  const ping = reader.prepare("SELECT 1");
  return {
    capabilities: { durable: true, shared: true },
    jobs: translateErrors(createJobStore(reader, writer), translate),
    contexts: translateErrors(createContextStore(reader, writer), translate),
    binaries: translateErrors(createBinaryStore(reader, writer), translate),
    files: translateErrors(createFileStore(reader, writer), translate),
    audit: translateErrors(createAuditStore(reader, writer), translate),
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
