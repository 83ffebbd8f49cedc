import type { OutboxStore } from "../../contract/mod.ts";
import { textOf } from "./rows.ts";
import type { StoreDeps } from "./store.ts";

export function createOutboxStore({ reader, writer }: StoreDeps): OutboxStore {
  const page = reader.prepare("SELECT id, subject, payload FROM outbox WHERE id > ? ORDER BY id LIMIT ?");

  return {
    async list({ limit, after = "" }) {
      const rows = page.all(after, limit);
      return rows.map((row) => ({
        id: textOf(row, "id"),
        subject: textOf(row, "subject"),
        payload: textOf(row, "payload"),
      }));
    },
    async delete(ids) {
      return ids.length === 0 ? 0 : writer.write("deleteOutbox", ids);
    },
  };
}
