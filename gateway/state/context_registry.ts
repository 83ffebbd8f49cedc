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

/** Interval between reads of a context that a call waits for, in milliseconds. */
const READ_INTERVAL_MS = 200;

interface ContextRecordDeps {
  readonly dao: Dao;
  /** Publishes an event of the outbox. */
  readonly publishOutbox: (event: OutboxEvent) => void;
}

/** A change of a context that a gateway decides without its node. */
export type ContextDecision = NonNullable<MessageInitShape<typeof ContextEventSchema>["event"]>;

interface Change {
  /** Id of the node that must host the context. */
  readonly nodeId: string;
  /** Creates the event from the context as stored. */
  readonly eventAfter: (stored: Context) => ContextEvent;
}

type Waiter = (context: Context) => void;

/**
 * The registry of contexts. Keeps running ones in memory, because every job needs one, for as long as a session with their node is open:
 * the node then reports every change.
 */
export class ContextRegistry {
  readonly #dao: Dao;
  readonly #publishOutbox: ContextRecordDeps["publishOutbox"];
  /** Nodes with an open session. */
  readonly #heardNodes = new Set<string>();
  readonly #runningById = new Map<string, Context>();
  readonly #runningByName = new Map<string, Context>();
  readonly #waitersById = new Map<string, Set<Waiter>>();
  readonly #turns = new KeyedSerialQueue();
  /** Number of applied changes: a read that began before the last one may be stale. */
  #changes = 0;

  constructor({ dao, publishOutbox }: ContextRecordDeps) {
    this.#dao = dao;
    this.#publishOutbox = publishOutbox;
  }

  /** Stores a new context. Resolves to the open context of the same name, if there is one; then nothing is stored. */
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

  /** Called when a session opens: from now on the node reports every change of its contexts. */
  nodeOpened(nodeId: string): void {
    this.#heardNodes.add(nodeId);
  }

  /** Called when a session closes: changes of the node's contexts are only in the store from now on. */
  nodeClosed(nodeId: string): void {
    this.#heardNodes.delete(nodeId);
    for (const context of [...this.#runningById.values()]) if (context.nodeId === nodeId) this.forget(context);
  }

  /** Forgets a context, because a node contradicted it. */
  forget({ id, name }: Pick<Context, "id" | "name">): void {
    this.#runningById.delete(id);
    if (this.#runningByName.get(name)?.id === id) this.#runningByName.delete(name);
  }

  /**
   * Applies an event that a node reports. Events of one context are applied one after the other, because a transition is legal only after
   * the one before. Idempotent. Resolves when the change is durable and its event in the outbox, or when the event is void: an illegal
   * transition, or a node that does not host the context. Rejects when the store fails; the caller retries.
   */
  async take(event: ContextEvent, { nodeId }: { readonly nodeId: string }): Promise<void> {
    await this.#turns.run(event.contextId, () => this.#apply(event.contextId, { nodeId, eventAfter: () => event }));
  }

  /**
   * Stores a decision about a context as it was read. Resolves to false when the transition is no longer legal, or another node hosts the
   * context now.
   */
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

  /** Stores the new node of a lost context. Resolves to undefined when it has left its former node, or is not lost. */
  async move(id: string, { from, to }: { readonly from: string; readonly to: string }): Promise<Context | undefined> {
    const stored = await this.#dao.contexts.get(id);
    if (stored === undefined || stored.nodeId !== from || stored.state !== Context_State.RESTARTING) return undefined;
    const moved = { ...stored, nodeId: to, revision: stored.revision + 1 };
    return (await this.#dao.contexts.update(moved)) ? moved : undefined;
  }

  /** Stores new settings of a context. Its node applies them. */
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

  /** Watches a context until the condition holds. Call it before causing the change. Dispose the result when the wait is over. */
  watch(id: string, condition: (context: Context) => boolean): { readonly met: Promise<Context> } & Disposable {
    const { promise, resolve, reject } = Promise.withResolvers<Context>();
    const waiter: Waiter = (context) => {
      if (condition(context)) resolve(context);
    };
    const waiters = this.#waitersById.get(id) ?? new Set();
    this.#waitersById.set(id, waiters.add(waiter));
    // The node may report to another gateway, which changes only the store.
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

/** Whether a start is over: the context runs, or never will. */
export function isStarted({ state }: Context): boolean {
  return state === Context_State.RUNNING || isFinalContext(state);
}
