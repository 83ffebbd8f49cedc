import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { KeyedSerialQueue } from "../../lib/async/mod.ts";
import type { Dao, OutboxEvent } from "../../plugins/contract/mod.ts";
import {
  applyContextEvent,
  type Context,
  Context_State,
  type ContextEvent,
  ContextEventSchema,
  type ContextSettings,
  isFinalContext,
} from "../../proto/mod.ts";
import { contextOutboxEvent } from "../events/mod.ts";

/** How often a context that somebody waits for is read again. */
const READ_INTERVAL_MS = 200;

interface ContextRecordDeps {
  readonly dao: Dao;
  /** Publishes an event that the outbox has. */
  readonly publishOutbox: (event: OutboxEvent) => void;
}

/** What a gateway decides about a context without its node. */
export type ContextDecision = NonNullable<MessageInitShape<typeof ContextEventSchema>["event"]>;

interface Change {
  /** Which node is to host the context. */
  readonly nodeId: string;
  /** The event that changes the context as it is stored. */
  readonly eventAfter: (stored: Context) => ContextEvent;
}

type Waiter = (context: Context) => void;

/**
 * The record of contexts. Those that run are kept in memory, because every job asks for one: as long as their node tells us of
 * every change, which is while a session with it is open.
 */
export class ContextRegistry {
  readonly #dao: Dao;
  readonly #publishOutbox: ContextRecordDeps["publishOutbox"];
  /** The nodes that tell us of changes. */
  readonly #heardNodes = new Set<string>();
  readonly #runningById = new Map<string, Context>();
  readonly #runningByName = new Map<string, Context>();
  readonly #waitersById = new Map<string, Set<Waiter>>();
  readonly #turns = new KeyedSerialQueue();
  /** How many changes were applied: what was read before the last one may be old. */
  #changes = 0;

  constructor({ dao, publishOutbox }: ContextRecordDeps) {
    this.#dao = dao;
    this.#publishOutbox = publishOutbox;
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
   * Takes an event that a node reports; those of one context one after the other, as a move is legal after the one before it only. Idempotent.
   * Resolves when the change is durable and its event in the outbox; also when the event is void, because it is no legal move, or the
   * node does not host the context. Rejects when the store fails: then it is to be taken again.
   */
  async take(event: ContextEvent, { nodeId }: { readonly nodeId: string }): Promise<void> {
    await this.#turns.run(event.contextId, () => this.#apply(event.contextId, { nodeId, eventAfter: () => event }));
  }

  /** Stores what a gateway decides about a context as it was read; false when that is no legal move any more, or another node hosts it now. */
  async decide({ id, name, nodeId }: Context, decision: ContextDecision): Promise<boolean> {
    const time = timestampNow();
    const eventAfter = ({ seq }: Context): ContextEvent =>
      create(ContextEventSchema, { contextId: id, context: name, seq: seq + 1, time, nodeId, event: decision });
    return this.#turns.run(id, () => this.#apply(id, { nodeId, eventAfter }));
  }

  /** Resolves to whether the context has changed. */
  async #apply(id: string, { nodeId, eventAfter }: Change): Promise<boolean> {
    for (;;) {
      const stored = await this.#dao.contexts.get(id);
      if (stored === undefined || stored.nodeId !== nodeId) return false;
      const event = eventAfter(stored);
      const changed = applyContextEvent(stored, event);
      if (changed === undefined) {
        this.#tell(stored);
        return false;
      }
      const next = { ...changed, revision: stored.revision + 1 };
      const outboxEvent = contextOutboxEvent(event);
      if (!(await this.#dao.contexts.update(next, { event: outboxEvent }))) continue;
      this.#publishOutbox(outboxEvent);
      this.#tell(next);
      return true;
    }
  }

  #tell(context: Context): void {
    this.#changes += 1;
    this.#remember(context);
    for (const waiter of this.#waitersById.get(context.id) ?? []) waiter(context);
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
