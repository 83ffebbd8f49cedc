import { create } from "@bufbuild/protobuf";
import { type Context, ContextLoadSchema } from "../../proto/mod.ts";
import type { NodeDirectory } from "../nodes/mod.ts";

/** The context with its current load, if its node can be reached. */
export function withLoad({ nodes }: { readonly nodes: NodeDirectory }, context: Context): Context {
  const load = nodes.session(context.nodeId)?.load.contexts[context.id];
  if (load === undefined) return context;
  return { ...context, load: create(ContextLoadSchema, { ...load, memoryBytes: BigInt(load.memoryBytes) }) };
}
