import { toBinary } from "@bufbuild/protobuf";
import { AuditEntrySchema } from "../../../proto/mod.ts";
import { type AuditStore, readRecord } from "../../contract/mod.ts";
import { appendAudit, forgetAudit } from "./audit_writes.ts";
import { stringIn } from "./rows.ts";
import type { StoreDeps } from "./store.ts";
import { textOf } from "./text.ts";

export function createAuditStore({ reader, writer, records }: StoreDeps): AuditStore {
  return {
    async append(entries) {
      const ids = entries.map(({ id }) => textOf(id));
      const principals = entries.map(({ principal }) => textOf(principal));
      const messages = entries.map((entry) => toBinary(AuditEntrySchema, entry));
      await writer.write(appendAudit(ids, principals, messages));
    },
    async list({ principal }, { limit, before }) {
      // Without a name it is planned for the conditions that it has.
      const text = `
        SELECT id, message FROM audit
        WHERE ($1::text IS NULL OR principal = $1) AND ($2::text IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`;
      return records.readPage({
        limit,
        from: before,
        rows: (from, most) => {
          const values = [principal, from].map((value) => (value === undefined ? null : textOf(value)));
          return reader.read({ text, values: [...values, most] });
        },
        keyOf: (row) => stringIn(row, "id"),
        read: (row) => readRecord(AuditEntrySchema, row.message, `audit entry "${row.id}"`),
      });
    },
    async forgetBefore(id) {
      return writer.write(forgetAudit(textOf(id)));
    },
  };
}
