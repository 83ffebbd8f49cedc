import { create, toBinary } from "@bufbuild/protobuf";
import { type File, FileSchema } from "../../../proto/mod.ts";
import { type FileStore, readRecord } from "../../contract/mod.ts";
import { textOf } from "./rows.ts";
import type { StoreDeps } from "./store.ts";

export function createFileStore({ reader, writer, records }: StoreDeps): FileStore {
  const byName = reader.prepare("SELECT message FROM files WHERE name = ?");
  const use = reader.prepare("SELECT 1 FROM files WHERE digest = ? LIMIT 1");
  // The end of a prefix's range is not valid UTF-8, so it is a blob.
  const inRange = reader.prepare(`
    SELECT name, message FROM files WHERE name >= $prefix AND name < CAST($end AS TEXT) AND name > $after
    ORDER BY name LIMIT $limit`);
  const afterName = reader.prepare("SELECT name, message FROM files WHERE name > $after ORDER BY name LIMIT $limit");

  return {
    async insert(file) {
      const taken = await writer.write("insertFile", [file.name, file.digest], toBinary(FileSchema, file));
      return taken && (records.tryRead(() => fileOf(taken, file.name)) ?? create(FileSchema, { name: file.name }));
    },
    async put(file) {
      const replaced = await writer.write("putFile", [file.name, file.digest], toBinary(FileSchema, file));
      return replaced && records.tryRead(() => fileOf(replaced, file.name));
    },
    async get(name) {
      const row = byName.get(name);
      return row && fileOf(row.message, name);
    },
    async list({ prefix = "" }, { limit, after = "" }) {
      return records.readPage({
        limit,
        from: after,
        rows: (from, most) =>
          prefix === ""
            ? afterName.all({ after: from, limit: most })
            : inRange.all({ prefix, end: endOfPrefix(prefix), after: from, limit: most }),
        keyOf: (row) => textOf(row, "name"),
        read: (row) => fileOf(row.message, textOf(row, "name")),
      });
    },
    async delete(name) {
      const deleted = await writer.write("deleteFile", [name]);
      return deleted && (records.tryRead(() => fileOf(deleted, name)) ?? create(FileSchema, { name }));
    },
    async uses(digest) {
      return use.get(digest) !== undefined;
    },
  };
}

function fileOf(message: unknown, name: string): File {
  return readRecord(FileSchema, message, `data file "${name}"`);
}

/** The end of a prefix's range: its UTF-8 with the last byte, which is never 0xff, incremented. */
function endOfPrefix(prefix: string): Uint8Array {
  const bytes = new TextEncoder().encode(prefix);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) + 1;
  return bytes;
}
