import { abortable } from "../../lib/async/mod.ts";
import { contextNotFound, nodeUnreachable } from "../../proto/errors.ts";
import { type Context, isFinalContext } from "../../proto/mod.ts";
import { type NodeDirectory, waitForNodes } from "../nodes/mod.ts";
import type { ContextRegistry } from "../state/mod.ts";
import { stopLostContext } from "./mark_lost.ts";
import { failContext } from "./start.ts";

interface StopWanted {
  /** Name or id. */
  readonly context: string;
  /** How its jobs end. Default: they are cancelled with their grace periods. */
  readonly force?: boolean | undefined;
  readonly drain?: boolean | undefined;
  readonly signal: AbortSignal;
}

interface StopDeps {
  readonly contexts: ContextRegistry;
  readonly nodes: NodeDirectory;
}

/** Stops a context. Resolves when it is stopped. Rejects when there is no such open context, or the signal is aborted. */
export async function stopContext(deps: StopDeps, wanted: StopWanted): Promise<Context> {
  const { context: nameOrId, force = false, drain = false, signal } = wanted;
  const context = await deps.contexts.find(nameOrId);
  if (context === undefined || isFinalContext(context.state)) throw contextNotFound(nameOrId);
  const { nodes } = deps;
  const find = () => nodes.session(context.nodeId) ?? (nodes.isLost(context.nodeId) ? "lost" : undefined);
  const found = find() ?? (await waitForNodes(nodes, find, { signal }));
  if (found === undefined) throw nodeUnreachable(context.nodeId, context.name);
  using end = deps.contexts.watch(context.id, ({ state }) => isFinalContext(state));
  if (found === "lost") {
    // The context may have moved to another node.
    if (!(await stopLostContext(deps, context))) return stopContext(deps, wanted);
    return await abortable(end.met, signal);
  }
  using answer = found.ask({ $case: "stopContext", value: { contextId: context.id, force, drain } }, { signal });
  const refusal = await Promise.race([end.met.then(() => undefined), answer.given]);
  if (refusal !== undefined) await failContext(deps, context, refusal.message);
  return await abortable(end.met, signal);
}
