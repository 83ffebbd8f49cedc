import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { type Context, Context_State, ContextEventSchema, JobError_Reason } from "../../proto/mod.ts";
import type { Core } from "../core.ts";
import { publishRecordedContextEvent } from "../events/mod.ts";
import { SEQ_LEAP } from "../record/mod.ts";

export type LoseContextDeps = Pick<Core, "contexts" | "events" | "gatewayId">;

/** Whether a context that its node has lost is given to another one: it was made to last, and has run. */
export function canMove({ adHoc, state }: Context): boolean {
  return !adHoc && (state === Context_State.RUNNING || state === Context_State.RESTARTING);
}

/**
 * Records and publishes that its node has lost a context: it begins anew where it can move; one that was stopping is stopped, since nothing of it is
 * left; others have failed.
 */
export async function loseContext(deps: LoseContextDeps, context: Context, why: string): Promise<void> {
  if (context.state === Context_State.STOPPING) {
    await decide(deps, context, { case: "stopped", value: {} });
    return;
  }
  if (context.state === Context_State.RESTARTING && canMove(context)) return;
  const lost = { message: `Context lost: ${why}`, reason: JobError_Reason.NODE_LOST };
  await decide(deps, context, canMove(context) ? { case: "restarting", value: lost } : { case: "failed", value: lost });
}

/**
 * Records and publishes that a context whose node is lost is to stop; that it is stopped follows once its jobs are lost (see `loseContext`). False
 * when it has changed in the meantime.
 */
export async function stopLostContext(deps: LoseContextDeps, context: Context): Promise<boolean> {
  return context.state === Context_State.STOPPING || decide(deps, context, { case: "stopping", value: {} });
}

async function decide(
  deps: LoseContextDeps,
  context: Context,
  decision: NonNullable<MessageInitShape<typeof ContextEventSchema>["event"]>,
): Promise<boolean> {
  const event = create(ContextEventSchema, {
    contextId: context.id,
    context: context.name,
    seq: context.seq + SEQ_LEAP,
    time: timestampNow(),
    nodeId: context.nodeId,
    event: decision,
  });
  const isApplied = await deps.contexts.apply(event);
  if (isApplied) await publishRecordedContextEvent(deps.events, event, { gatewayId: deps.gatewayId });
  return isApplied;
}
