import { toBinary } from "@bufbuild/protobuf";
import { type Context, Context_State, ContextSchema, isFinalContext } from "../../../proto/mod.ts";
import { type ContextStore, readRecord } from "../../contract/mod.ts";
import type { ContextColumns } from "./context_writes.ts";
import { outboxColumns } from "./outbox_writes.ts";
import { preparePages } from "./pages.ts";
import { type Row, textOf } from "./rows.ts";
import type { StoreDeps } from "./store.ts";
import { epochMs } from "./time.ts";

export function createContextStore({ reader, writer, records }: StoreDeps): ContextStore {
  const byId = reader.prepare("SELECT id, message FROM contexts WHERE id = ?");
  const newestOfName = reader.prepare("SELECT id, message FROM contexts WHERE name = ? ORDER BY id DESC LIMIT 1");
  const readPage = preparePages(reader, { table: "contexts", commonState: Context_State.STOPPED });

  return {
    async insert(context) {
      const taken = await writer.write("insertContext", columnsOf(context), toBinary(ContextSchema, context));
      return taken && readRecord(ContextSchema, taken, `the context that is in the way of "${context.name}"`);
    },
    async get(id) {
      const row = byId.get(id);
      return row && contextOf(row);
    },
    async find(name) {
      const row = newestOfName.get(name);
      return row && contextOf(row);
    },
    async update(context, { event } = {}) {
      const columns = [...columnsOf(context), outboxColumns(event)] as const;
      return writer.write("updateContext", columns, toBinary(ContextSchema, context));
    },
    async list({ states, endedBefore }, { limit, before }) {
      return records.readPage({
        limit,
        from: before,
        rows: (from, most) => readPage({ states, endedBefore, before: from, equal: {}, limit: most }),
        keyOf: (row) => textOf(row, "id"),
        read: contextOf,
      });
    },
    async delete(id) {
      return writer.write("deleteContext", [id]);
    },
    async deleteEnded(before, { limit }) {
      return writer.write("deleteEndedContexts", [before.getTime(), limit]);
    },
  };
}

function contextOf(row: Row): Context {
  return readRecord(ContextSchema, row.message, `context "${row.id}"`);
}

function columnsOf({ name, state, endTime, revision, id }: Context): ContextColumns {
  return [name, state, isFinalContext(state) ? 1 : 0, epochMs(endTime), revision, id];
}
