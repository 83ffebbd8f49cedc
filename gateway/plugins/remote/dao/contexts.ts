import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ContextStore } from "../../../../plugins/contract/mod.ts";
import { DaoService } from "../../../../proto/remote_plugin.ts";
import { defined } from "../connection.ts";
import type { DaoCalls } from "./calls.ts";

const { method } = DaoService;

export function createContextStore({ read, write }: DaoCalls): ContextStore {
  return {
    async insert(context) {
      return (await write("insertContext", { context })).takenBy;
    },
    async get(id) {
      return (await read(method.getContext, { id })).context;
    },
    async find(name) {
      return (await read(method.findContext, { name })).context;
    },
    async update(context, { event } = {}) {
      return (await write("updateContext", { context, ...defined({ event }) })).updated;
    },
    async list({ states = [], endedBefore }, { limit, before }) {
      const conditions = defined({ before, endedBefore: endedBefore && timestampFromDate(endedBefore) });
      return (await read(method.listContexts, { ...conditions, states: [...states], limit })).contexts;
    },
    async delete(id) {
      return (await write("deleteContext", { id })).deleted;
    },
    async deleteEnded(before, { limit }) {
      return (await write("deleteEndedContexts", { before: timestampFromDate(before), limit })).count;
    },
  };
}
