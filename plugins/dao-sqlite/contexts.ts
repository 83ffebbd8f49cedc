import type { DatabaseSync } from "node:sqlite";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Context, Context_State, ContextSchema, isFinalContext } from "../../proto/mod.ts";
import type { ContextStore } from "../contract/mod.ts";
import type { ContextColumns } from "./context_writes.ts";
import { preparePages } from "./pages.ts";
import { blobOf, type Row } from "./rows.ts";
import { epochMs } from "./time.ts";
import type { Writer } from "./writer.ts";

export function createContextStore(reader: DatabaseSync, writer: Writer): ContextStore {
  const byId = reader.prepare("SELECT message FROM contexts WHERE id = ?");
  const newestOfName = reader.prepare("SELECT message FROM contexts WHERE name = ? ORDER BY id DESC LIMIT 1");
  const readPage = preparePages(reader, { table: "contexts", commonState: Context_State.STOPPED });

  return {
    async insert(context) {
      const taken = await writer.write("insertContext", columnsOf(context), toBinary(ContextSchema, context));
      return taken && fromBinary(ContextSchema, taken);
    },
    async get(id) {
      const row = byId.get(id);
      return row && contextOf(row);
    },
    async find(name) {
      const row = newestOfName.get(name);
      return row && contextOf(row);
    },
    async update(context) {
      return writer.write("updateContext", columnsOf(context), toBinary(ContextSchema, context));
    },
    async list({ states, endedBefore }, { limit, before }) {
      return readPage({ states, endedBefore, before, equal: {}, limit }).map(contextOf);
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
  return fromBinary(ContextSchema, blobOf(row, "message"));
}

function columnsOf({ name, state, endTime, revision, id }: Context): ContextColumns {
  return [name, state, isFinalContext(state) ? 1 : 0, epochMs(endTime), revision, id];
}
