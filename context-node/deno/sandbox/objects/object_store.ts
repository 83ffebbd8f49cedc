import { startTimer } from "../../../../lib/async/timer.ts";
import { MAX_OBJECTS, MAX_TIME_MS } from "../messages/bounds.ts";
import type { ObjectRequest, ObjectResponse, ObjectView, StoredValue } from "../messages/protocol.ts";

interface StoredObject {
  readonly version: number;
  readonly value: StoredValue;
  readonly view: ObjectView;
  readonly expiry: Disposable | undefined;
  /** Executors that have this version, and are told when it is not current any more. */
  readonly holders: Set<number>;
}

interface Creation {
  readonly turn: number;
  readonly executor: number;
  readonly waiting: Waiter[];
}

interface Waiter {
  readonly executor: number;
  readonly request: number;
  readonly timer: Disposable;
}

/** The named objects of a context. */
export interface ObjectStore {
  handle(executor: number, request: ObjectRequest): void;
  /** True when there was one. Executors are told before anybody else. */
  drop(name: string): boolean;
  /** The executor is gone: what it was creating is the next one's turn. */
  executorEnded(executor: number): void;
}

interface ObjectStoreDeps {
  /** What all objects may take together. */
  limitBytes(): number;
  respond(executor: number, response: ObjectResponse): void;
  stored(object: ObjectView): void;
  removed(name: string): void;
}

/**
 * Keeps values as executors serialised them. An executor that was handed a value keeps its own clone until it is told that
 * the object changed; that message is sent before the change is confirmed to whoever made it, so no job that starts
 * afterwards can see the old value.
 */
export function createObjectStore(deps: ObjectStoreDeps): ObjectStore {
  const objects = new Map<string, StoredObject>();
  const creations = new Map<string, Creation>();
  let usedBytes = 0;
  let lastVersion = 0;
  let lastTurn = 0;

  function handle(executor: number, request: ObjectRequest): void {
    switch (request.type) {
      case "objectGet":
        if (!handOut(request.name, executor, request.request)) {
          deps.respond(executor, { type: "objectAbsent", request: request.request });
        }
        return;
      case "objectAcquire":
        acquire(executor, request);
        return;
      case "objectPut":
        put(executor, request);
        return;
      case "objectAbandon":
        if (creations.get(request.name)?.turn === request.turn) passTurn(request.name);
        return;
      case "objectForget":
        deps.respond(executor, { type: "objectForgotten", request: request.request, existed: drop(request.name) });
        return;
      case "objectList":
        deps.respond(executor, {
          type: "objectNames",
          request: request.request,
          objects: Array.from(objects.values(), ({ view }) => view),
        });
        return;
      default:
        request satisfies never;
    }
  }

  function handOut(name: string, executor: number, request: number): boolean {
    const object = objects.get(name);
    if (object === undefined) return false;
    object.holders.add(executor);
    deps.respond(executor, { type: "objectValue", request, version: object.version, value: object.value });
    return true;
  }

  function acquire(executor: number, { name, request, timeoutMs }: ObjectRequest & { type: "objectAcquire" }): void {
    if (handOut(name, executor, request)) return;
    const creation = creations.get(name);
    if (creation === undefined) {
      giveTurn({ name, executor, request, waiting: [] });
      return;
    }
    const timer = startTimer(timeoutMs, () => {
      creation.waiting.splice(creation.waiting.indexOf(waiter), 1);
      deps.respond(executor, { type: "objectTimeout", request });
    });
    const waiter: Waiter = { executor, request, timer };
    creation.waiting.push(waiter);
  }

  function giveTurn(to: { name: string; executor: number; request: number; waiting: Waiter[] }): void {
    lastTurn += 1;
    creations.set(to.name, { turn: lastTurn, executor: to.executor, waiting: to.waiting });
    deps.respond(to.executor, { type: "objectTurn", request: to.request, turn: lastTurn });
  }

  function passTurn(name: string): void {
    const waiting = creations.get(name)?.waiting ?? [];
    creations.delete(name);
    const next = waiting.shift();
    if (next === undefined) return;
    next.timer[Symbol.dispose]();
    giveTurn({ name, executor: next.executor, request: next.request, waiting });
  }

  function put(executor: number, request: ObjectRequest & { type: "objectPut" }): void {
    const { name, turn, ttlMs } = request;
    const creation = creations.get(name);
    if (turn !== undefined && creation?.turn !== turn) {
      // It was created too late, or an update was faster: the current one counts.
      if (!handOut(name, executor, request.request))
        deps.respond(executor, { type: "objectAbsent", request: request.request });
      return;
    }
    if (objects.size >= MAX_OBJECTS && !objects.has(name)) {
      deps.respond(executor, { type: "objectsFull", request: request.request });
      return;
    }
    const takenBytes = usedBytes - (objects.get(name)?.view.sizeBytes ?? 0);
    const limitBytes = deps.limitBytes();
    if (takenBytes + request.sizeBytes > limitBytes) {
      deps.respond(executor, { type: "objectRefused", request: request.request, takenBytes, limitBytes });
      return;
    }
    drop(name);
    usedBytes += request.sizeBytes;
    lastVersion += 1;
    const createdAt = Date.now();
    const expiresAt = expiryOf(createdAt, ttlMs);
    const view = { name, sizeBytes: request.sizeBytes, createdAt, expiresAt };
    deps.stored(view);
    objects.set(name, {
      version: lastVersion,
      value: request.value,
      view,
      expiry: expiresAt === undefined ? undefined : startTimer(expiresAt - createdAt, () => drop(name)),
      holders: new Set([executor]),
    });
    deps.respond(executor, { type: "objectStored", request: request.request, version: lastVersion });
    creations.delete(name);
    for (const waiter of creation?.waiting ?? []) {
      waiter.timer[Symbol.dispose]();
      handOut(name, waiter.executor, waiter.request);
    }
  }

  function drop(name: string): boolean {
    const object = objects.get(name);
    if (object === undefined) return false;
    objects.delete(name);
    usedBytes -= object.view.sizeBytes;
    object.expiry?.[Symbol.dispose]();
    for (const holder of object.holders) deps.respond(holder, { type: "objectChanged", name });
    deps.removed(name);
    return true;
  }

  function executorEnded(executor: number): void {
    for (const { holders } of objects.values()) holders.delete(executor);
    for (const [name, creation] of creations) {
      for (const waiter of creation.waiting.filter((waiter) => waiter.executor === executor)) {
        waiter.timer[Symbol.dispose]();
        creation.waiting.splice(creation.waiting.indexOf(waiter), 1);
      }
      if (creation.executor === executor) passTurn(name);
    }
  }

  return { handle, drop, executorEnded };
}

/** In whole milliseconds since 1970; undefined for an object that outlives every context. */
function expiryOf(createdAt: number, ttlMs: number | undefined): number | undefined {
  const expiresAt = ttlMs === undefined ? Infinity : Math.ceil(createdAt + ttlMs);
  return expiresAt > MAX_TIME_MS ? undefined : expiresAt;
}
