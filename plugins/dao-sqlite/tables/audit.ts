import { toBinary } from "@bufbuild/protobuf";
import { AuditEntrySchema } from "../../../proto/mod.ts";
import { type AuditStore, readRecord } from "../../contract/mod.ts";
import { textOf } from "./rows.ts";
import type { StoreDeps } from "./store.ts";

/** Greater than every id. */
const END = "\u{10ffff}";

export function createAuditStore({ reader, writer, records }: StoreDeps): AuditStore {
  const newest = reader.prepare("SELECT id, message FROM audit WHERE id < $before ORDER BY id DESC LIMIT $limit");
  const newestOf = reader.prepare(
    "SELECT id, message FROM audit WHERE principal = $principal AND id < $before ORDER BY id DESC LIMIT $limit",
  );

  return {
    async append(entries) {
      const columns = entries.map(({ id, principal }) => [id, principal] as const);
      await writer.write("appendAudit", columns, ...entries.map((entry) => toBinary(AuditEntrySchema, entry)));
    },
    async list({ principal }, { limit, before = END }) {
      return records.readPage({
        limit,
        from: before,
        rows: (from, most) =>
          principal === undefined
            ? newest.all({ before: from, limit: most })
            : newestOf.all({ principal, before: from, limit: most }),
        keyOf: (row) => textOf(row, "id"),
        read: (row) => readRecord(AuditEntrySchema, row.message, `audit entry "${row.id}"`),
      });
    },
    async forgetBefore(id) {
      return writer.write("forgetAudit", [id]);
    },
  };
}
