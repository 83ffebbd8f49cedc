import { type Context, Context_State, JobError_Reason } from "../../proto/mod.ts";
import type { ContextRegistry } from "../state/mod.ts";

interface ContextDeps {
  readonly contexts: ContextRegistry;
}

/** Whether a context that its node has lost is given to another one: it was made to last, and has run. */
export function canMove({ adHoc, state }: Context): boolean {
  return !adHoc && (state === Context_State.RUNNING || state === Context_State.RESTARTING);
}

/**
 * Records that its node has lost a context: it begins anew where it can move; one that was stopping is stopped, since nothing of it is
 * left; others have failed.
 */
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
 * Records that a context whose node is lost is to stop; that it is stopped follows once its jobs are lost (see `loseContext`). False
 * when it has changed in the meantime.
 */
export async function stopLostContext(deps: ContextDeps, context: Context): Promise<boolean> {
  return context.state === Context_State.STOPPING || deps.contexts.decide(context, { case: "stopping", value: {} });
}
