import type { Logger } from "pino";
import { pause } from "../../lib/async/mod.ts";
import type { Dao } from "../../plugins/contract/mod.ts";
import { type Context, type ContextSettings, OPEN_CONTEXT_STATES, type Runtime } from "../../proto/mod.ts";
import type { NodeDirectory } from "../nodes/mod.ts";
import type { ContextRegistry } from "../state/mod.ts";
import { createContext } from "./start.ts";
import { stopContext } from "./stop.ts";

/** Delay between attempts to create missing contexts, in milliseconds. */
const RETRY_MS = 500;

/** Settings of predefined contexts by name. */
export type Predefined = ReadonlyMap<string, ContextSettings>;

interface PredefinedDeps {
  readonly dao: Dao;
  readonly contexts: ContextRegistry;
  readonly nodes: NodeDirectory;
  readonly log: Logger;
  readonly defaultRuntime: Runtime;
}

/** Creates the predefined contexts that are not open, as soon as a node can host them. Disposal abandons those that are still missing. */
export function startPredefined(deps: PredefinedDeps, predefined: Predefined): AsyncDisposable {
  const closing = new AbortController();
  const created = createMissing(deps, predefined, closing);
  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      await created;
    },
  };
}

/** Stops all contexts. Resolves when they are stopped. */
export async function stopAllContexts(
  deps: Pick<PredefinedDeps, "dao" | "contexts" | "nodes">,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const limit = 1000;
  const open = await deps.dao.contexts.list({ states: OPEN_CONTEXT_STATES }, { limit });
  await Promise.allSettled(open.map(({ id }) => stopContext(deps, { context: id, signal })));
}

/** Creates the predefined contexts that are not open. Resolves when they run. Rejects with the error of the first that does not. */
export async function createPredefined(
  deps: PredefinedDeps,
  predefined: Predefined,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  await Promise.all([...predefined].map(([name, settings]) => ensure(deps, { name, settings }, { signal })));
}

async function createMissing(
  deps: PredefinedDeps,
  predefined: Predefined,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const missing = new Map(predefined);
  const logged = new Map<string, string>();
  while (missing.size > 0 && !signal.aborted) {
    const rounds = deps.nodes.sessions().length === 0 ? [] : [...missing];
    for (const [name, settings] of rounds) {
      try {
        // A context that no node can host would delay the others.
        await ensure(deps, { name, settings }, { signal, waitsForNode: false });
        missing.delete(name);
      } catch (error) {
        // Logs an unchanged error, such as a damaged record, once.
        const isNews = logged.get(name) !== String(error);
        logged.set(name, String(error));
        if (!signal.aborted && isNews)
          deps.log.warn({ context: name, err: error }, "could not create a predefined context yet");
      }
    }
    if (missing.size > 0) await pause(RETRY_MS, { signal });
  }
}

async function ensure(
  deps: PredefinedDeps,
  wanted: { readonly name: string; readonly settings: ContextSettings },
  options: Parameters<typeof createContext>[2],
): Promise<Context> {
  const existing = await deps.dao.contexts.find(wanted.name);
  if (existing !== undefined && OPEN_CONTEXT_STATES.includes(existing.state)) return existing;
  return createContext(deps, wanted, options);
}
