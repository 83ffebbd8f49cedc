import { type Context, Runtime } from "../../proto/mod.ts";
import { haveSameSpark, type NodeDirectory, placementOrder } from "../nodes/mod.ts";
import type { ContextRegistry } from "../state/mod.ts";
import { sendStart } from "./start.ts";

/**
 * Gives a context that its node has lost to the node with most room, of Spark contexts one with the same Spark where there is one, for their jobs were
 * compiled for that; false when none can take it, or another gateway was
 * faster.
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
