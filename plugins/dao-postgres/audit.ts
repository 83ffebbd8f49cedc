import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { AuditEntrySchema } from "../../proto/mod.ts";
import type { AuditStore } from "../contract/mod.ts";
import { appendAudit, forgetAudit } from "./audit_writes.ts";
import type { Reader } from "./database.ts";
import { blobOf } from "./rows.ts";
import { textOf } from "./text.ts";
import type { Writer } from "./writer.ts";

export function createAuditStore(reader: Reader, writer: Writer): AuditStore {
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
        SELECT message FROM audit
        WHERE ($1::text IS NULL OR principal = $1) AND ($2::text IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`;
      const values = [principal, before].map((value) => (value === undefined ? null : textOf(value)));
      const rows = await reader.read({ text, values: [...values, limit] });
      return rows.map((row) => fromBinary(AuditEntrySchema, blobOf(row, "message")));
    },
    async forgetBefore(id) {
      return writer.write(forgetAudit(textOf(id)));
    },
  };
}
