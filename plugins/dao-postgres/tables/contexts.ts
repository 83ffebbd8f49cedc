import { toBinary } from "@bufbuild/protobuf";
import { type Context, ContextSchema, isFinalContext } from "../../../proto/mod.ts";
import { type ContextStore, readRecord } from "../../contract/mod.ts";
import {
  type ContextColumns,
  deleteContext,
  deleteEndedContexts,
  insertContext,
  updateContext,
} from "./context_writes.ts";
import { pageQuery } from "./pages.ts";
import { type Row, stringIn } from "./rows.ts";
import type { StoreDeps } from "./store.ts";
import { textOf } from "./text.ts";
import { epochMs } from "./time.ts";

export function createContextStore({ reader, writer, records }: StoreDeps): ContextStore {
  return {
    async insert(context) {
      const taken = await writer.write(insertContext(columnsOf(context), toBinary(ContextSchema, context)));
      return taken && readRecord(ContextSchema, taken, `the context that is in the way of "${context.name}"`);
    },
    async get(id) {
      const text = "SELECT id, message FROM contexts WHERE id = $1";
      const [row] = await reader.read({ name: "context", text, values: [textOf(id)] });
      return row && contextOf(row);
    },
    async find(name) {
      const text = "SELECT id, message FROM contexts WHERE name = $1 ORDER BY id DESC LIMIT 1";
      const [row] = await reader.read({ name: "context_by_name", text, values: [textOf(name)] });
      return row && contextOf(row);
    },
    async update(context, { event } = {}) {
      return writer.write(updateContext(columnsOf(context), toBinary(ContextSchema, context), event));
    },
    async list({ states, endedBefore }, { limit, before }) {
      return records.readPage({
        limit,
        from: before,
        rows: (from, most) =>
          reader.read(pageQuery("contexts", { states, endedBefore, before: from, equal: {}, limit: most })),
        keyOf: (row) => stringIn(row, "id"),
        read: contextOf,
      });
    },
    async delete(id) {
      return writer.write(deleteContext(textOf(id)));
    },
    async deleteEnded(before, { limit }) {
      return writer.write(deleteEndedContexts(before.getTime(), limit));
    },
  };
}

function contextOf(row: Row): Context {
  return readRecord(ContextSchema, row.message, `context "${row.id}"`);
}

function columnsOf({ id, name, state, endTime, revision }: Context): ContextColumns {
  return [textOf(id), textOf(name), state, isFinalContext(state), epochMs(endTime), revision];
}
