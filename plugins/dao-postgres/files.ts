import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileSchema } from "../../proto/mod.ts";
import type { FileStore } from "../contract/mod.ts";
import type { Reader } from "./database.ts";
import { deleteFile, insertFile, putFile } from "./file_writes.ts";
import { blobOf } from "./rows.ts";
import { textOf } from "./text.ts";
import type { Writer } from "./writer.ts";

export function createFileStore(reader: Reader, writer: Writer): FileStore {
  return {
    async insert(file) {
      const columns = [textOf(file.name), textOf(file.digest)] as const;
      const taken = await writer.write(insertFile(columns, toBinary(FileSchema, file)));
      return taken && fromBinary(FileSchema, taken);
    },
    async put(file) {
      const columns = [textOf(file.name), textOf(file.digest)] as const;
      const replaced = await writer.write(putFile(columns, toBinary(FileSchema, file)));
      return replaced && fromBinary(FileSchema, replaced);
    },
    async get(name) {
      const text = "SELECT message FROM files WHERE name = $1";
      const [row] = await reader.read({ name: "file", text, values: [textOf(name)] });
      return row && fromBinary(FileSchema, blobOf(row, "message"));
    },
    async list({ prefix = "" }, { limit, after = "" }) {
      // Without a name it is planned for the prefix that it has, which makes a range of the index.
      const text = `
        SELECT message FROM files WHERE name >= $1 AND name ^@ $1 AND name > $2 ORDER BY name LIMIT $3`;
      const rows = await reader.read({ text, values: [textOf(prefix), textOf(after), limit] });
      return rows.map((row) => fromBinary(FileSchema, blobOf(row, "message")));
    },
    async delete(name) {
      const deleted = await writer.write(deleteFile(textOf(name)));
      return deleted && fromBinary(FileSchema, deleted);
    },
    async uses(digest) {
      const text = "SELECT FROM files WHERE digest = $1 LIMIT 1";
      const rows = await reader.read({ name: "file_use", text, values: [textOf(digest)] });
      return rows.length > 0;
    },
  };
}
