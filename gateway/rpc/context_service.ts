import { create } from "@bufbuild/protobuf";
import { contextNotFound } from "../../proto/errors.ts";
import { type ContextService, ListContextsResponseSchema, OPEN_CONTEXT_STATES } from "../../proto/mod.ts";
import { createContext, stopContext, withLoad } from "../contexts/mod.ts";
import type { Core } from "../core.ts";
import type { Implementation } from "./call.ts";
import { cutPage, pageLimit, parsePageToken } from "./paging.ts";

export function createContextService(
  deps: Pick<Core, "dao" | "contexts" | "nodes">,
): Implementation<typeof ContextService> {
  return {
    async createContext({ name, settings }, { signal }) {
      return createContext(deps, { name, settings }, { signal });
    },
    async getContext({ context: nameOrId }) {
      const context = await deps.contexts.find(nameOrId);
      if (context === undefined) throw contextNotFound(nameOrId);
      return withLoad(deps, context);
    },
    async listContexts({ pageSize, pageToken, showEnded }) {
      const limit = pageLimit(pageSize);
      const found = await deps.dao.contexts.list(
        { states: showEnded ? undefined : OPEN_CONTEXT_STATES },
        { limit: limit + 1, before: parsePageToken(pageToken) },
      );
      const { rows, nextPageToken } = cutPage(found, limit, ({ id }) => id);
      return create(ListContextsResponseSchema, {
        contexts: rows.map((context) => withLoad(deps, context)),
        nextPageToken,
      });
    },
    async stopContext({ context, force }, { signal }) {
      return stopContext(deps, { context, force, signal });
    },
  };
}
