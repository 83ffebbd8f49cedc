import {
  contextNotFound,
  contextNotRestarted,
  contextNotRunning,
  nodeUnreachable,
  noRoom,
} from "../../proto/errors.ts";
import { type Context, Context_State, type ContextSettings, isFinalContext, Runtime } from "../../proto/mod.ts";
import { type Refusal, Refusal_Reason } from "../../proto/node.ts";
import { type NodeDirectory, waitForSession } from "../nodes/mod.ts";
import type { ContextRegistry } from "../state/mod.ts";
import { FACTORY } from "./factories.ts";
import { completeSettings } from "./settings.ts";
import { settingsForNode } from "./shown.ts";
import { takesJobs } from "./start.ts";

interface RestartWanted {
  /** Name or id. */
  readonly context: string;
  /** New settings. Undefined: keeps the present ones. */
  readonly settings: ContextSettings | undefined;
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/**
 * Replaces the process of a context. Resolves when the new one runs. Rejects when the context accepts no jobs, its node refuses, or the new
 * process does not start.
 */
export async function restartContext(
  deps: { readonly contexts: ContextRegistry; readonly nodes: NodeDirectory },
  { context: nameOrId, settings: asked, force, signal }: RestartWanted,
): Promise<Context> {
  const context = await deps.contexts.find(nameOrId);
  if (context === undefined || isFinalContext(context.state)) throw contextNotFound(nameOrId);
  if (!takesJobs(context)) throw contextNotRunning(nameOrId, Context_State[context.state]);
  const settings = asked && settingsAfter(context, asked);
  const findNodeId = async () => (await deps.contexts.find(context.id))?.nodeId;
  const session = deps.nodes.session(context.nodeId) ?? (await waitForSession(deps.nodes, findNodeId, { signal }));
  if (session === undefined) throw nodeUnreachable(context.nodeId, context.name);
  // Stored before the command is sent: a context that moves to another node meanwhile takes them along.
  if (settings !== undefined) await deps.contexts.changeSettings(context.id, settings);
  using restart = deps.contexts.watch(
    context.id,
    ({ state, restarts }) => isFinalContext(state) || (state === Context_State.RUNNING && restarts > context.restarts),
  );
  const value = {
    contextId: context.id,
    settings: settings && settingsForNode(settings),
    force,
  };
  using answer = session.ask({ $case: "restartContext", value }, { signal });
  const refusal = await Promise.race([restart.met.then(() => undefined), answer.given]);
  if (refusal !== undefined) {
    if (context.settings !== undefined) await deps.contexts.changeSettings(context.id, context.settings);
    throw refusedBy(refusal, nameOrId);
  }
  const restarted = await restart.met;
  if (restarted.state !== Context_State.RUNNING) throw contextNotRunning(nameOrId, Context_State[restarted.state]);
  return restarted;
}

/** The settings after a restart: the runtime stays, and the factory of a Spark context unless a new one is named. */
function settingsAfter({ name, settings: before }: Context, asked: ContextSettings): ContextSettings {
  const runtime = before?.runtime || Runtime.DENO;
  if (asked.runtime !== Runtime.RUNTIME_UNSPECIFIED && asked.runtime !== runtime) {
    throw contextNotRestarted(
      name,
      `it runs ${Runtime[runtime]} and keeps that; create another context for another runtime`,
    );
  }
  const factory = before?.settings?.[FACTORY];
  const free = factory === undefined ? asked.settings : { [FACTORY]: factory, ...asked.settings };
  return completeSettings({ ...asked, ...(free && { settings: free }) }, runtime);
}

function refusedBy({ reason, message }: Refusal, nameOrId: string): Error {
  if (reason === Refusal_Reason.NOT_HELD) return contextNotFound(nameOrId);
  return reason === Refusal_Reason.NO_ROOM ? noRoom(message) : contextNotRestarted(nameOrId, message);
}
