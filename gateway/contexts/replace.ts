import { type Context, Runtime } from "../../proto/mod.ts";
import { haveSameSpark, type NodeDirectory, placementOrder } from "../nodes/mod.ts";
import type { ContextRegistry } from "../state/mod.ts";
import { sendStart } from "./start.ts";

/**
 * Moves a lost context to the node with the most free memory; a Spark context to one with the same Spark if possible, because its jobs were
 * compiled for that. Resolves to false when no node can host it, or another gateway was first.
 */
export async function replaceContext(
  { contexts, nodes }: { readonly contexts: ContextRegistry; readonly nodes: NodeDirectory },
  context: Context,
): Promise<boolean> {
  const { memoryBytes = 0n, nodeLabels: labels = {}, runtime = Runtime.DENO } = context.settings ?? {};
  const demand = { memoryBytes: Number(memoryBytes), labels, runtime: runtime || Runtime.DENO };
  const order = placementOrder(nodes.sessions(), demand);
  const before = { runtimes: nodes.runtimes(context.nodeId) };
  const same = runtime === Runtime.SPARK ? order.find((each) => haveSameSpark(each, before)) : undefined;
  const session = same ?? order[0];
  if (session === undefined) return false;
  session.reserve(context.id, Number(memoryBytes));
  const moved = await contexts.move(context.id, { from: context.nodeId, to: session.nodeId });
  if (moved === undefined) session.release(context.id);
  else sendStart(session, moved);
  return moved !== undefined;
}
