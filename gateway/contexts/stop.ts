import { contextNotFound, nodeUnreachable } from "../../proto/errors.ts";
import { type Context, isFinalContext } from "../../proto/mod.ts";
import type { Core } from "../core.ts";
import { type LoseContextDeps, stopLostContext } from "./lose.ts";
import { failContext } from "./start.ts";

interface StopWanted {
  /** Name or id. */
  readonly context: string;
  /** What becomes of its jobs; default: they are cancelled, with their grace periods. */
  readonly force?: boolean | undefined;
  readonly drain?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** Stops a context and resolves when it is stopped. Rejects when none of that name or id is alive. */
export async function stopContext(
  deps: LoseContextDeps & Pick<Core, "nodes">,
  { context: nameOrId, force = false, drain = false, signal }: StopWanted,
): Promise<Context> {
  const context = await deps.contexts.find(nameOrId);
  if (context === undefined || isFinalContext(context.state)) throw contextNotFound(nameOrId);
  const session = deps.nodes.session(context.nodeId);
  if (session === undefined) {
    if (!deps.nodes.isLost(context.nodeId)) throw nodeUnreachable(context.nodeId, context.name);
    await stopLostContext(deps, context);
    return (await deps.contexts.find(context.id)) ?? context;
  }
  using end = deps.contexts.watch(context.id, ({ state }) => isFinalContext(state));
  using answer = session.ask({ $case: "stopContext", value: { contextId: context.id, force, drain } }, { signal });
  const refusal = await Promise.race([end.met.then(() => undefined), answer.given]);
  if (refusal !== undefined) await failContext(deps, context, refusal.message);
  return await end.met;
}
