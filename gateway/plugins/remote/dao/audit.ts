import type { AuditStore } from "../../../../plugins/contract/mod.ts";
import { DaoService } from "../../../../proto/remote_plugin.ts";
import { defined } from "../connection.ts";
import type { DaoCalls } from "./calls.ts";

const { method } = DaoService;

export function createAuditStore({ read, write }: DaoCalls): AuditStore {
  return {
    async append(entries) {
      await write("appendAuditEntries", { entries: [...entries] });
    },
    async list({ principal }, { limit, before }) {
      return (await read(method.listAuditEntries, { limit, ...defined({ principal, before }) })).entries;
    },
    async forgetBefore(id) {
      return (await write("forgetAuditEntries", { before: id })).count;
    },
  };
}
