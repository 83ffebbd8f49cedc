import { clone } from "@bufbuild/protobuf";
import { AuditEntrySchema } from "../../proto/mod.ts";
import type { AuditStore } from "../contract/mod.ts";
import { isAsked } from "./filter.ts";
import { newestFirst } from "./order.ts";
import type { MemoryRecord } from "./record.ts";

export function createAuditStore({ auditById }: MemoryRecord): AuditStore {
  return {
    async append(entries) {
      for (const entry of entries)
        if (!auditById.has(entry.id)) auditById.set(entry.id, clone(AuditEntrySchema, entry));
    },
    async list({ principal }, { limit, before }) {
      const meets = (entry: { principal: string }) => isAsked(entry.principal, principal);
      const found = newestFirst(auditById.values(), { limit, before, meets });
      return found.map((entry) => clone(AuditEntrySchema, entry));
    },
    async forgetBefore(id) {
      const older = [...auditById.keys()].filter((each) => each < id);
      return older.filter((each) => auditById.delete(each)).length;
    },
  };
}
