import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { contextExists, contextNotStarted, noNode, noRoom } from "../../proto/errors.ts";
import { type Context, Context_State, ContextSchema, type ContextSettings, Runtime } from "../../proto/mod.ts";
import { Refusal_Reason } from "../../proto/node.ts";
import { newId } from "../ids.ts";
import {
  type ExpectedAnswer,
  fittingNodes,
  labelledNodes,
  type NodeDirectory,
  type NodeSession,
  placementOrder,
  runtimeOf,
  waitForNodes,
} from "../nodes/mod.ts";
import { type ContextRegistry, isStarted } from "../state/mod.ts";
import { proxyUserPrefix, proxyUsersOf } from "./proxy_user.ts";
import { completeSettings } from "./settings.ts";
import { settingsForNode } from "./shown.ts";

interface ContextWanted {
  readonly name: string;
  readonly settings: ContextSettings | undefined;
}

interface StartDeps {
  readonly contexts: ContextRegistry;
  readonly nodes: NodeDirectory;
  readonly defaultRuntime: Runtime;
}

/**
 * Starts a context on the node with the most free memory. Resolves when it runs. Waits for a node first, as configured, unless
 * `waitsForNode` is false. Rejects with the reason when it does not run.
 */
export async function createContext(
  deps: StartDeps,
  wanted: ContextWanted,
  { signal, waitsForNode = true }: { readonly signal: AbortSignal; readonly waitsForNode?: boolean },
): Promise<Context> {
  const settings = completeSettings(wanted.settings, deps.defaultRuntime);
  if (waitsForNode) await waitForFittingNode(deps, settings, { signal });
  const { session, context } = placeContext(deps, { id: newId(), name: wanted.name, settings, adHoc: false });
  if ((await deps.contexts.insert(context)) !== undefined) {
    session.release(context.id);
    throw contextExists(wanted.name);
  }
  using start = deps.contexts.watch(context.id, isStarted);
  using answer = askStart(session, context, { signal });
  const refusal = await Promise.race([start.met.then(() => undefined), answer.given]);
  if (refusal !== undefined) {
    await failContext(deps, context, refusal.message);
    throw refusal.reason === Refusal_Reason.NO_ROOM
      ? noRoom(refusal.message)
      : contextNotStarted(wanted.name, refusal.message);
  }
  const started = await start.met;
  if (started.state !== Context_State.RUNNING) throw contextNotStarted(wanted.name, started.error);
  return started;
}

/** Whether a context accepts jobs. They wait while its process is replaced. */
export function takesJobs({ state }: Context): boolean {
  return state === Context_State.RUNNING || state === Context_State.RESTARTING;
}

/** Resolves when there is a node with the labels and the runtime, or the time limit of the wait has passed. */
export async function waitForFittingNode(
  { nodes }: { readonly nodes: NodeDirectory },
  { nodeLabels: labels, runtime }: Pick<ContextSettings, "nodeLabels" | "runtime">,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const find = () => fittingNodes(nodes.sessions(), { labels, runtime })[0];
  if (find() === undefined) await waitForNodes(nodes, find, { signal });
}

/** Most names that are tried for an ad hoc context. */
const MOST_NAMES = 5;

/** Chooses a node for an ad hoc context. The caller stores it (`insertAdHocContext`) and starts it (`sendStart`). */
export function planAdHocContext(
  deps: { readonly nodes: NodeDirectory },
  entryPoint: string,
  { settings, accepts }: AdHocWanted,
) {
  const id = newId();
  const name = adHocName(id.slice(-8), entryPoint, settings);
  return placeContext(deps, { id, name, settings, adHoc: true }, accepts);
}

interface AdHocWanted {
  readonly settings: ContextSettings;
  /** Nodes that can run the job. If there is none, the context goes to another node, and the caller reports why that is unfit. */
  readonly accepts: (session: NodeSession) => boolean;
}

/** The name as in spark-jobserver: the proxy user, eight digits and the entry point. A query has no entry point. */
function adHocName(digits: string, entryPoint: string, settings: ContextSettings | undefined): string {
  const [user] = proxyUsersOf(settings?.settings);
  const prefix = user === undefined ? "" : proxyUserPrefix(user);
  return `${prefix}${digits}-${entryPoint || "sql"}`.replaceAll(/[^A-Za-z0-9._~-]/g, "-");
}

/** Stores an ad hoc context, under another name if an open context has the planned one. Resolves to the stored context. */
export async function insertAdHocContext(
  { contexts }: { readonly contexts: ContextRegistry },
  planned: Context,
  entryPoint: string,
): Promise<Context> {
  let context = planned;
  for (let tried = 1; (await contexts.insert(context)) !== undefined; tried++) {
    if (tried === MOST_NAMES) throw contextExists(context.name);
    context = { ...planned, name: adHocName(randomBytes(4).toString("hex"), entryPoint, planned.settings) };
  }
  return context;
}

type NewContext = Pick<Context, "id" | "name" | "adHoc"> & { readonly settings: ContextSettings };

/**
 * Chooses a node for a new context and reserves its memory, so that a concurrent call sees less. Release it when the context is not sent
 * after all.
 */
function placeContext(
  deps: { readonly nodes: NodeDirectory },
  wanted: NewContext,
  accepts?: AdHocWanted["accepts"],
): { session: NodeSession; context: Context } {
  const session = chooseNode(deps, wanted.settings, accepts);
  session.reserve(wanted.id, Number(wanted.settings.memoryBytes));
  const context = create(ContextSchema, {
    ...wanted,
    nodeId: session.nodeId,
    state: Context_State.STARTING,
    createTime: timestampNow(),
    revision: 1,
  });
  return { session, context };
}

/** Sends the command to start a context. Returns the pending reply; see `NodeSession.ask`. */
export function askStart(
  session: NodeSession,
  context: Context,
  options: Parameters<NodeSession["ask"]>[1],
): ExpectedAnswer {
  return session.ask(startCommand(context), options);
}

/** Sends the command to start a context, or to report its state again. */
export function sendStart(session: NodeSession, context: Context): void {
  session.send(startCommand(context));
}

function startCommand(context: Context): Parameters<NodeSession["ask"]>[0] {
  const settings = context.settings && settingsForNode(context.settings);
  return {
    $case: "startContext",
    value: { contextId: context.id, name: context.name, settings, adHoc: context.adHoc, firstSeq: context.seq + 1 },
  };
}

/** Records that a context has failed to start. */
export async function failContext(
  { contexts }: { readonly contexts: ContextRegistry },
  context: Context,
  message: string,
): Promise<void> {
  await contexts.decide(context, { case: "failed", value: { message } });
}

function chooseNode(
  { nodes }: { readonly nodes: NodeDirectory },
  settings: ContextSettings,
  accepts: AdHocWanted["accepts"] | undefined,
): NodeSession {
  const sessions = nodes.sessions();
  if (sessions.length === 0) {
    throw noNode("no context node is connected; start one, or wait until it has announced itself");
  }
  const { memoryBytes, nodeLabels: labels, runtime } = settings;
  const isAnyAccepted = fittingNodes(sessions, { labels, runtime, accepts }).length > 0;
  const demand = { labels, runtime, accepts: isAnyAccepted ? accepts : undefined };
  const [best] = placementOrder(sessions, { memoryBytes: Number(memoryBytes), ...demand });
  if (best !== undefined) return best;
  const asked = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const labelled = asked.length === 0 ? "" : ` with the labels ${asked.join(", ")}`;
  const candidates = labelledNodes(sessions, labels);
  if (candidates.length === 0) {
    throw noNode(`there is no context node${labelled}; start one, or ask for labels that nodes have`);
  }
  const count = fittingNodes(candidates, demand).length;
  if (count === 0) throw noRuntime(candidates, { runtime, labelled });
  throw noRoom(
    `none of ${count} node(s)${labelled} has ${memoryBytes} bytes of memory to promise; stop a context or ask for less`,
  );
}

/** Most nodes whose reasons an error lists. */
const MOST_REASONS = 5;

interface Missing {
  readonly runtime: Runtime;
  /** Labels of all of the nodes, in words. */
  readonly labelled: string;
}

function noRuntime(nodes: readonly NodeSession[], { runtime, labelled }: Missing): Error {
  const name = Runtime[runtime];
  const reasons = nodes.slice(0, MOST_REASONS).map((node) => {
    const detail = runtimeOf(node, runtime)?.detail || `announces no runtime ${name}`;
    return `node "${node.nodeId}": ${detail}`;
  });
  const more = nodes.length > MOST_REASONS ? `; and ${nodes.length - MOST_REASONS} more` : "";
  return noNode(`no context node${labelled} runs ${name} contexts (${reasons.join("; ")}${more})`);
}
