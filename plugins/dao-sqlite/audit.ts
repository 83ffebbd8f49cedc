import type { DatabaseSync } from "node:sqlite";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { AuditEntrySchema } from "../../proto/mod.ts";
import type { AuditStore } from "../contract/mod.ts";
import { blobOf } from "./rows.ts";
import type { Writer } from "./writer.ts";

/** Greater than every id. */
const END = "\u{10ffff}";

export function createAuditStore(reader: DatabaseSync, writer: Writer): AuditStore {
  const newest = reader.prepare("SELECT message FROM audit WHERE id < $before ORDER BY id DESC LIMIT $limit");
  const newestOf = reader.prepare(
    "SELECT message FROM audit WHERE principal = $principal AND id < $before ORDER BY id DESC LIMIT $limit",
  );

  return {
    async append(entries) {
      const columns = entries.map(({ id, principal }) => [id, principal] as const);
      await writer.write("appendAudit", columns, ...entries.map((entry) => toBinary(AuditEntrySchema, entry)));
    },
    async list({ principal }, { limit, before = END }) {
      const rows = principal === undefined ? newest.all({ before, limit }) : newestOf.all({ principal, before, limit });
      return rows.map((row) => fromBinary(AuditEntrySchema, blobOf(row, "message")));
    },
    async forgetBefore(id) {
      return writer.write("forgetAudit", [id]);
    },
  };
}
