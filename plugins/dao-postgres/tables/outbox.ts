import type { OutboxEvent, OutboxStore } from "../../contract/mod.ts";
import type { Write } from "../commits/write.ts";
import { stringIn } from "./rows.ts";
import type { StoreDeps } from "./store.ts";
import { textOf } from "./text.ts";

/** The three parameters of an event, in the order of the outbox's columns; NULL without an event. */
export function outboxValues(event: OutboxEvent | undefined): (string | null)[] {
  return event === undefined ? [null, null, null] : [textOf(event.id), textOf(event.subject), textOf(event.payload)];
}

export function createOutboxStore({ reader, writer }: StoreDeps): OutboxStore {
  return {
    async list({ limit, after = "" }) {
      const text = "SELECT id, subject, payload FROM outbox WHERE id > $1 ORDER BY id LIMIT $2";
      const rows = await reader.read({ name: "outbox", text, values: [textOf(after), limit] });
      return rows.map((row) => ({
        id: stringIn(row, "id"),
        subject: stringIn(row, "subject"),
        payload: stringIn(row, "payload"),
      }));
    },
    async delete(ids) {
      return ids.length === 0 ? 0 : writer.write(deleteOutbox(ids.map(textOf)));
    },
  };
}

function deleteOutbox(ids: readonly string[]): Write<number> {
  return {
    name: "delete_outbox",
    text: "DELETE FROM outbox WHERE id = ANY($1::text[]) RETURNING 1",
    values: [ids],
    answerOf: (rows) => rows.length,
  };
}
