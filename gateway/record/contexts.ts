import type { Dao } from "../../plugins/contract/mod.ts";
import {
  applyContextEvent,
  type Context,
  Context_State,
  type ContextEvent,
  type ContextSettings,
  isFinalContext,
} from "../../proto/mod.ts";

/** How often a context that somebody waits for is read again. */
const READ_INTERVAL_MS = 200;

type Waiter = (context: Context) => void;

/**
 * The record of contexts. Those that run are kept in memory, because every job asks for one: as long as their node tells us of
 * every change, which is while a session with it is open.
 */
export class ContextRecord {
  readonly #dao: Dao;
  /** The nodes that tell us of changes. */
  readonly #heardNodes = new Set<string>();
  readonly #runningById = new Map<string, Context>();
  readonly #runningByName = new Map<string, Context>();
  readonly #waitersById = new Map<string, Set<Waiter>>();
  /** The last event of each context that is being applied. */
  readonly #applyingById = new Map<string, Promise<boolean>>();
  /** How many changes were applied: what was read before the last one may be old. */
  #changes = 0;

  constructor({ dao }: { readonly dao: Dao }) {
    this.#dao = dao;
  }

  /** Stores a new context; resolves to the one alive that has its name, when there is one: then nothing is stored. */
  insert(context: Context): Promise<Context | undefined> {
    return this.#dao.contexts.insert(context);
  }

  /** The context of this id, or the newest of this name. */
  async find(nameOrId: string): Promise<Context | undefined> {
    const running = this.#runningByName.get(nameOrId) ?? this.#runningById.get(nameOrId);
    if (running !== undefined) return running;
    const changes = this.#changes;
    const stored = (await this.#dao.contexts.find(nameOrId)) ?? (await this.#dao.contexts.get(nameOrId));
    if (stored !== undefined && changes === this.#changes) this.#remember(stored);
    return stored;
  }

  /** A session with this node is open: from now on it tells us of every change of its contexts. */
  nodeOpened(nodeId: string): void {
    this.#heardNodes.add(nodeId);
  }

  /** The session is over: what becomes of the node's contexts is decided without us, and stands in the store. */
  nodeClosed(nodeId: string): void {
    this.#heardNodes.delete(nodeId);
    for (const context of [...this.#runningById.values()]) if (context.nodeId === nodeId) this.forget(context);
  }

  /** Drops what is remembered of a context, because a node said otherwise. */
  forget({ id, name }: Pick<Context, "id" | "name">): void {
    this.#runningById.delete(id);
    if (this.#runningByName.get(name)?.id === id) this.#runningByName.delete(name);
  }

  /**
   * Applies an event, whichever way it came; those of one context one after the other, as a move is legal after the one before it
   * only. Idempotent. Resolves when the change is durable, to whether there was one.
   */
  async apply(event: ContextEvent): Promise<boolean> {
    const { contextId } = event;
    const apply = (): Promise<boolean> => this.#apply(event);
    const applying = (this.#applyingById.get(contextId) ?? Promise.resolve(false)).then(apply, apply);
    this.#applyingById.set(contextId, applying);
    try {
      return await applying;
    } finally {
      if (this.#applyingById.get(contextId) === applying) this.#applyingById.delete(contextId);
    }
  }

  async #apply(event: ContextEvent): Promise<boolean> {
    for (;;) {
      const stored = await this.#dao.contexts.get(event.contextId);
      if (stored === undefined) return false;
      const changed = applyContextEvent(stored, event);
      const next = changed === undefined ? undefined : { ...changed, revision: stored.revision + 1 };
      if (next !== undefined && !(await this.#dao.contexts.update(next))) continue;
      this.#changes += 1;
      this.#remember(next ?? stored);
      for (const waiter of this.#waitersById.get(event.contextId) ?? []) waiter(next ?? stored);
      return next !== undefined;
    }
  }

  /** Records which node hosts a context now that was lost; undefined when it is not on its former node any more, or not lost. */
  async move(id: string, { from, to }: { readonly from: string; readonly to: string }): Promise<Context | undefined> {
    const stored = await this.#dao.contexts.get(id);
    if (stored === undefined || stored.nodeId !== from || stored.state !== Context_State.RESTARTING) return undefined;
    const moved = { ...stored, nodeId: to, revision: stored.revision + 1 };
    return (await this.#dao.contexts.update(moved)) ? moved : undefined;
  }

  /** Records other settings of a context; what it does is for its node to do. */
  async changeSettings(id: string, settings: ContextSettings): Promise<void> {
    for (;;) {
      const stored = await this.#dao.contexts.get(id);
      if (stored === undefined) return;
      const changed = { ...stored, settings, revision: stored.revision + 1 };
      if (!(await this.#dao.contexts.update(changed))) continue;
      this.#changes += 1;
      this.#remember(changed);
      return;
    }
  }

  /**
   * Begins to wait until the condition holds of a context; call before causing the change.
   * Dispose what it answers when the wait is over.
   */
  watch(id: string, condition: (context: Context) => boolean): { readonly met: Promise<Context> } & Disposable {
    const { promise, resolve, reject } = Promise.withResolvers<Context>();
    const waiter: Waiter = (context) => {
      if (condition(context)) resolve(context);
    };
    const waiters = this.#waitersById.get(id) ?? new Set();
    this.#waitersById.set(id, waiters.add(waiter));
    // The node may tell another gateway, which changes the store alone.
    const read = async (): Promise<void> => {
      const stored = await this.#dao.contexts.get(id);
      if (stored === undefined) return;
      if (stored.state !== Context_State.RUNNING) this.forget(stored);
      waiter(stored);
    };
    const timer = setInterval(() => read().catch(reject), READ_INTERVAL_MS);
    return {
      met: promise,
      [Symbol.dispose]: () => {
        clearInterval(timer);
        waiters.delete(waiter);
        if (waiters.size === 0) this.#waitersById.delete(id);
      },
    };
  }

  #remember(context: Context): void {
    if (context.state !== Context_State.RUNNING || !this.#heardNodes.has(context.nodeId)) {
      this.forget(context);
      return;
    }
    this.#runningById.set(context.id, context);
    this.#runningByName.set(context.name, context);
  }
}

/** Whether a wait for a start is over: the context runs, or never will. */
export function isStarted({ state }: Context): boolean {
  return state === Context_State.RUNNING || isFinalContext(state);
}
