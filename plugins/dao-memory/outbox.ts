import type { OutboxEvent, OutboxStore } from "../contract/mod.ts";
import { compareBytes } from "./order.ts";
import type { MemoryRecord } from "./record.ts";

export function createOutboxStore({ outboxById }: MemoryRecord): OutboxStore {
  return {
    async list({ limit, after }) {
      const found = [...outboxById.values()].filter(({ id }) => after === undefined || compareBytes(id, after) > 0);
      return found.sort((a, b) => compareBytes(a.id, b.id)).slice(0, limit);
    },
    async delete(ids) {
      return ids.filter((id) => outboxById.delete(id)).length;
    },
  };
}

/** Adds the event of a change, if it has one. */
export function addToOutbox({ outboxById }: MemoryRecord, event: OutboxEvent | undefined): void {
  if (event === undefined || outboxById.has(event.id)) return;
  const { id, subject, payload } = event;
  outboxById.set(id, { id, subject, payload });
}
