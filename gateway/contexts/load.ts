import { create } from "@bufbuild/protobuf";
import { type Context, ContextLoadSchema } from "../../proto/mod.ts";
import type { NodeDirectory } from "../nodes/mod.ts";

/** The context with what it does now, when its node is in reach. */
export function withLoad({ nodes }: { readonly nodes: NodeDirectory }, context: Context): Context {
  const load = nodes.session(context.nodeId)?.load.contexts[context.id];
  if (load === undefined) return context;
  return { ...context, load: create(ContextLoadSchema, { ...load, memoryBytes: BigInt(load.memoryBytes) }) };
}
