import { type Context, Runtime } from "../../proto/mod.ts";
import type { Core } from "../core.ts";
import { placementOrder } from "../nodes/mod.ts";
import { sendStart } from "./start.ts";

/** Gives a context that its node has lost to the node with most room; false when none can take it, or another gateway was faster. */
export async function replaceContext(
  { contexts, nodes }: Pick<Core, "contexts" | "nodes">,
  context: Context,
): Promise<boolean> {
  const { memoryBytes = 0n, nodeLabels: labels = {}, runtime = Runtime.DENO } = context.settings ?? {};
  const demand = { memoryBytes: Number(memoryBytes), labels, runtime: runtime || Runtime.DENO };
  const [session] = placementOrder(nodes.sessions(), demand);
  if (session === undefined) return false;
  session.reserve(context.id, Number(memoryBytes));
  const moved = await contexts.move(context.id, { from: context.nodeId, to: session.nodeId });
  if (moved === undefined) session.release(context.id);
  else sendStart(session, moved);
  return moved !== undefined;
}
