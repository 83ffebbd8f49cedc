import { create } from "@bufbuild/protobuf";
import { ListNodesResponseSchema, type NodeService } from "../../proto/mod.ts";
import type { Core } from "../core.ts";
import type { Implementation } from "./call.ts";

export function createNodeService({ nodes }: Pick<Core, "nodes">): Implementation<typeof NodeService> {
  return {
    async listNodes() {
      return create(ListNodesResponseSchema, { nodes: nodes.nodes() });
    },
  };
}
