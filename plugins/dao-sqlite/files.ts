import type { DatabaseSync } from "node:sqlite";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileSchema } from "../../proto/mod.ts";
import type { FileStore } from "../contract/mod.ts";
import { blobOf } from "./rows.ts";
import type { Writer } from "./writer.ts";

export function createFileStore(reader: DatabaseSync, writer: Writer): FileStore {
  const byName = reader.prepare("SELECT message FROM files WHERE name = ?");
  const use = reader.prepare("SELECT 1 FROM files WHERE digest = ? LIMIT 1");
  // The end of a prefix's range is no valid UTF-8, so it comes as a blob.
  const inRange = reader.prepare(`
    SELECT message FROM files WHERE name >= $prefix AND name < CAST($end AS TEXT) AND name > $after
    ORDER BY name LIMIT $limit`);
  const afterName = reader.prepare("SELECT message FROM files WHERE name > $after ORDER BY name LIMIT $limit");

  return {
    async insert(file) {
      const taken = await writer.write("insertFile", [file.name, file.digest], toBinary(FileSchema, file));
      return taken && fromBinary(FileSchema, taken);
    },
    async put(file) {
      const replaced = await writer.write("putFile", [file.name, file.digest], toBinary(FileSchema, file));
      return replaced && fromBinary(FileSchema, replaced);
    },
    async get(name) {
      const row = byName.get(name);
      return row && fromBinary(FileSchema, blobOf(row, "message"));
    },
    async list({ prefix = "" }, { limit, after = "" }) {
      const rows =
        prefix === ""
          ? afterName.all({ after, limit })
          : inRange.all({ prefix, end: endOfPrefix(prefix), after, limit });
      return rows.map((row) => fromBinary(FileSchema, blobOf(row, "message")));
    },
    async delete(name) {
      const deleted = await writer.write("deleteFile", [name]);
      return deleted && fromBinary(FileSchema, deleted);
    },
    async uses(digest) {
      return use.get(digest) !== undefined;
    },
  };
}

/** The first bytes after all that begin with the prefix: its UTF-8 with the last byte, which is never 0xff, raised by one. */
function endOfPrefix(prefix: string): Uint8Array {
  const bytes = new TextEncoder().encode(prefix);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) + 1;
  return bytes;
}
