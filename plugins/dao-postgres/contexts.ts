import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Context, ContextSchema, isFinalContext } from "../../proto/mod.ts";
import type { ContextStore } from "../contract/mod.ts";
import {
  type ContextColumns,
  deleteContext,
  deleteEndedContexts,
  insertContext,
  updateContext,
} from "./context_writes.ts";
import type { Reader } from "./database.ts";
import { pageQuery } from "./pages.ts";
import { blobOf, type Row } from "./rows.ts";
import { textOf } from "./text.ts";
import { epochMs } from "./time.ts";
import type { Writer } from "./writer.ts";

export function createContextStore(reader: Reader, writer: Writer): ContextStore {
  return {
    async insert(context) {
      const taken = await writer.write(insertContext(columnsOf(context), toBinary(ContextSchema, context)));
      return taken && fromBinary(ContextSchema, taken);
    },
    async get(id) {
      const text = "SELECT message FROM contexts WHERE id = $1";
      const [row] = await reader.read({ name: "context", text, values: [textOf(id)] });
      return row && contextOf(row);
    },
    async find(name) {
      const text = "SELECT message FROM contexts WHERE name = $1 ORDER BY id DESC LIMIT 1";
      const [row] = await reader.read({ name: "context_by_name", text, values: [textOf(name)] });
      return row && contextOf(row);
    },
    async update(context) {
      return writer.write(updateContext(columnsOf(context), toBinary(ContextSchema, context)));
    },
    async list({ states, endedBefore }, { limit, before }) {
      const rows = await reader.read(pageQuery("contexts", { states, endedBefore, before, equal: {}, limit }));
      return rows.map(contextOf);
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
  return fromBinary(ContextSchema, blobOf(row, "message"));
}

function columnsOf({ id, name, state, endTime, revision }: Context): ContextColumns {
  return [textOf(id), textOf(name), state, isFinalContext(state), epochMs(endTime), revision];
}
