import { create } from "@bufbuild/protobuf";
import { type AuditEntry, type AuditService, ListAuditEntriesResponseSchema } from "../../../proto/mod.ts";
import type { Core } from "../../core.ts";
import type { Implementation } from "../call.ts";
import { pageLimit, readPage } from "./paging.ts";

export function createAuditService({ dao }: Pick<Core, "dao">): Implementation<typeof AuditService> {
  return {
    async listAuditEntries({ pageSize, pageToken, principal }, _call, authorization) {
      const filter = { principal: principal || undefined };
      const { rows: entries, nextPageToken } = await readPage({
        limit: pageLimit(pageSize),
        token: pageToken,
        key: ({ id }: AuditEntry) => id,
        // Entries may name resources of all callers.
        covers: () => authorization.isUnlimited,
        read: (limit, before) => dao.audit.list(filter, { limit, before }),
      });
      return create(ListAuditEntriesResponseSchema, { entries, nextPageToken });
    },
  };
}
