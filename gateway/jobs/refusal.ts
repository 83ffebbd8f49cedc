import { contextNotFound, contextNotRunning, noRoom, queueFull } from "../../proto/errors.ts";
import { type Context, Context_State, type Job } from "../../proto/mod.ts";
import { type Refusal, Refusal_Reason } from "../../proto/node.ts";
import { failContext } from "../contexts/mod.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";

interface Refused {
  readonly job: Job;
  readonly target: { readonly context: Context; readonly isNew: boolean };
}

/** Withdraws a job that its node refused, ends the context that was created for it, and rejects with the API error. */
export async function withdrawRefused(
  deps: { readonly jobs: JobRegistry; readonly contexts: ContextRegistry },
  { job, target }: Refused,
  { reason, message }: Refusal,
): Promise<never> {
  const error = refusedBy(reason, target.context, message);
  await deps.jobs.withdraw(job.id, error);
  deps.contexts.forget(target.context);
  if (target.isNew) await failContext(deps, target.context, message);
  throw error;
}

/** The API error for a refusal of a job, or of the context that was created for it. */
function refusedBy(reason: Refusal_Reason, { name, settings, state }: Context, message: string): Error {
  switch (reason) {
    case Refusal_Reason.QUEUE_FULL:
      return queueFull(name, message, { slots: settings?.maxJobsPerContext ?? 0 });
    case Refusal_Reason.NO_ROOM:
      return noRoom(message);
    case Refusal_Reason.NOT_HELD:
      // A context that moves to another node may not have arrived there.
      return state === Context_State.RESTARTING ? contextNotRunning(name, "RESTARTING") : contextNotFound(name);
    default:
      return contextNotRunning(name, message);
  }
}
