import { clone } from "@bufbuild/protobuf";
import { ContextSchema, isFinalContext } from "../../proto/mod.ts";
import type { ContextStore } from "../contract/mod.ts";
import { hasEnded, isAmong } from "./filter.ts";
import { newestFirst } from "./order.ts";
import { addToOutbox } from "./outbox.ts";
import type { MemoryRecord } from "./record.ts";

export function createContextStore(record: MemoryRecord): ContextStore {
  const { contextsById } = record;
  return {
    async insert(context) {
      const contexts = [...contextsById.values()];
      const taken =
        contexts.find(({ name, state }) => name === context.name && !isFinalContext(state)) ??
        contextsById.get(context.id);
      if (taken) return clone(ContextSchema, taken);
      contextsById.set(context.id, clone(ContextSchema, context));
      return undefined;
    },
    async get(id) {
      const context = contextsById.get(id);
      return context && clone(ContextSchema, context);
    },
    async find(name) {
      const meets = (context: { name: string }) => context.name === name;
      const [newest] = newestFirst(contextsById.values(), { limit: 1, before: undefined, meets });
      return newest && clone(ContextSchema, newest);
    },
    async update(context, { event } = {}) {
      if (contextsById.get(context.id)?.revision !== context.revision - 1) return false;
      contextsById.set(context.id, clone(ContextSchema, context));
      addToOutbox(record, event);
      return true;
    },
    async list({ states, endedBefore }, { limit, before }) {
      const found = newestFirst(contextsById.values(), {
        limit,
        before,
        meets: ({ state, endTime }) => isAmong(state, states) && hasEnded(endTime, endedBefore),
      });
      return found.map((context) => clone(ContextSchema, context));
    },
    async delete(id) {
      return contextsById.delete(id);
    },
    async deleteEnded(before, { limit }) {
      const ended = [...contextsById.values()].filter(({ endTime }) => hasEnded(endTime, before));
      return ended.slice(0, limit).filter(({ id }) => contextsById.delete(id)).length;
    },
  };
}
