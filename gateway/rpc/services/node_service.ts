import { create } from "@bufbuild/protobuf";
import { ListNodesResponseSchema, type NodeService } from "../../../proto/mod.ts";
import type { Core } from "../../core.ts";
import type { Implementation } from "../call.ts";
import { pageLimit, pageOf } from "./paging.ts";

export function createNodeService({ nodes }: Pick<Core, "nodes">): Implementation<typeof NodeService> {
  return {
    async listNodes({ pageSize, pageToken }) {
      const { rows, nextPageToken } = await pageOf(nodes.nodes(), {
        limit: pageLimit(pageSize, { fallback: 1000 }),
        token: pageToken,
        key: ({ id }) => id,
      });
      return create(ListNodesResponseSchema, { nodes: rows, nextPageToken });
    },
  };
}
