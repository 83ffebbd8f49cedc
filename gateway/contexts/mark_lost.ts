import { type Context, Context_State, JobError_Reason } from "../../proto/mod.ts";
import type { ContextRegistry } from "../state/mod.ts";

interface ContextDeps {
  readonly contexts: ContextRegistry;
}

/** Whether a lost context moves to another node: it is not ad hoc and has run. */
export function canMove({ adHoc, state }: Context): boolean {
  return !adHoc && (state === Context_State.RUNNING || state === Context_State.RESTARTING);
}

/** Marks a context as lost: it restarts if it can move, is stopped if it was stopping, and has failed otherwise. */
export async function loseContext(deps: ContextDeps, context: Context, why: string): Promise<void> {
  if (context.state === Context_State.STOPPING) {
    await deps.contexts.decide(context, { case: "stopped", value: {} });
    return;
  }
  if (context.state === Context_State.RESTARTING && canMove(context)) return;
  const lost = { message: `Context lost: ${why}`, reason: JobError_Reason.NODE_LOST };
  await deps.contexts.decide(
    context,
    canMove(context) ? { case: "restarting", value: lost } : { case: "failed", value: lost },
  );
}

/**
 * Records that a context of a lost node must stop. It is stopped once its jobs are marked (see `loseContext`). Resolves to false when it
 * has changed meanwhile.
 */
export async function stopLostContext(deps: ContextDeps, context: Context): Promise<boolean> {
  return context.state === Context_State.STOPPING || deps.contexts.decide(context, { case: "stopping", value: {} });
}
