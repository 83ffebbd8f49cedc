import { create, toBinary } from "@bufbuild/protobuf";
import { type File, FileSchema } from "../../../proto/mod.ts";
import { type FileStore, readRecord } from "../../contract/mod.ts";
import { deleteFile, insertFile, putFile } from "./file_writes.ts";
import { stringIn } from "./rows.ts";
import type { StoreDeps } from "./store.ts";
import { textOf } from "./text.ts";

export function createFileStore({ reader, writer, records }: StoreDeps): FileStore {
  return {
    async insert(file) {
      const columns = [textOf(file.name), textOf(file.digest)] as const;
      const taken = await writer.write(insertFile(columns, toBinary(FileSchema, file)));
      return taken && (records.tryRead(() => fileOf(taken, file.name)) ?? create(FileSchema, { name: file.name }));
    },
    async put(file) {
      const columns = [textOf(file.name), textOf(file.digest)] as const;
      const replaced = await writer.write(putFile(columns, toBinary(FileSchema, file)));
      return replaced && records.tryRead(() => fileOf(replaced, file.name));
    },
    async get(name) {
      const text = "SELECT message FROM files WHERE name = $1";
      const [row] = await reader.read({ name: "file", text, values: [textOf(name)] });
      return row && fileOf(row.message, name);
    },
    async list({ prefix = "" }, { limit, after = "" }) {
      // Without a name it is planned for the prefix that it has, which makes a range of the index.
      const text = `
        SELECT name, message FROM files WHERE name >= $1 AND name ^@ $1 AND name > $2 ORDER BY name LIMIT $3`;
      return records.readPage({
        limit,
        from: after,
        rows: (from, most) => reader.read({ text, values: [textOf(prefix), textOf(from), most] }),
        keyOf: (row) => stringIn(row, "name"),
        read: (row) => fileOf(row.message, stringIn(row, "name")),
      });
    },
    async delete(name) {
      const deleted = await writer.write(deleteFile(textOf(name)));
      return deleted && (records.tryRead(() => fileOf(deleted, name)) ?? create(FileSchema, { name }));
    },
    async uses(digest) {
      const text = "SELECT FROM files WHERE digest = $1 LIMIT 1";
      const rows = await reader.read({ name: "file_use", text, values: [textOf(digest)] });
      return rows.length > 0;
    },
  };
}

function fileOf(message: unknown, name: string): File {
  return readRecord(FileSchema, message, `data file "${name}"`);
}
