import { create } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import { contextNotFound } from "../../../proto/errors.ts";
import {
  type Context,
  type ContextService,
  ListContextsResponseSchema,
  ListObjectsResponseSchema,
  OPEN_CONTEXT_STATES,
} from "../../../proto/mod.ts";
import { createContext, dropObject, listObjects, restartContext, stopContext, withLoad } from "../../contexts/mod.ts";
import type { Core } from "../../core.ts";
import type { Implementation } from "../call.ts";
import { pageLimit, pageOf, readPage } from "./paging.ts";

export function createContextService(
  deps: Pick<Core, "dao" | "contexts" | "nodes" | "defaultRuntime" | "events" | "gatewayId">,
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
    async listContexts({ pageSize, pageToken, showEnded }, _call, authorization) {
      const filter = { states: showEnded ? undefined : OPEN_CONTEXT_STATES };
      const { rows, nextPageToken } = await readPage({
        limit: pageLimit(pageSize),
        token: pageToken,
        key: ({ id }: Context) => id,
        covers: ({ name: context }) => authorization.covers({ context }),
        read: (limit, before) => deps.dao.contexts.list(filter, { limit, before }),
      });
      return create(ListContextsResponseSchema, {
        contexts: rows.map((context) => withLoad(deps, context)),
        nextPageToken,
      });
    },
    async stopContext({ context, force, drain }, { signal }) {
      return stopContext(deps, { context, force, drain, signal });
    },
    async restartContext({ context, settings, force }, { signal }) {
      return restartContext(deps, { context, settings, force, signal });
    },
    async listObjects({ context, pageSize, pageToken }, { signal }) {
      const { rows: objects, nextPageToken } = await pageOf(await listObjects(deps, context, { signal }), {
        limit: pageLimit(pageSize),
        token: pageToken,
        key: ({ name }) => name,
      });
      return create(ListObjectsResponseSchema, { objects, nextPageToken });
    },
    async dropObject({ context, name }, { signal }) {
      await dropObject(deps, { context, name }, { signal });
      return create(EmptySchema);
    },
  };
}
