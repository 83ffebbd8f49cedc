import type { StoreState } from "../../proto/errors.ts";

export type { StoreState };

const STATES: ReadonlySet<string> = new Set<StoreState>(["away", "full", "readOnly", "denied", "failing", "busy"]);

/** The rejection of a DAO or blob store while its back end cannot be used. Callers get Unavailable; any other error is Internal. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
  readonly state: StoreState;

  /** The message is for operators and may contain addresses. */
  constructor(state: StoreState, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.state = state;
  }
}

export function isStoreState(text: unknown): text is StoreState {
  return STATES.has(String(text));
}

/** Compares by name and state: a plugin may bring its own copy of the contract. */
export function isStoreUnavailable(error: unknown): error is StoreUnavailable {
  return error instanceof Error && error.name === "StoreUnavailable" && "state" in error && isStoreState(error.state);
}

/**
 * Wraps a store so that thrown, rejected and streamed errors pass through `translate`. It has the methods of the store, which may be
 * frozen.
 */
export function translateErrors<Store extends object>(store: Store, translate: (error: unknown) => unknown): Store {
  const translated = new Map<PropertyKey, { readonly from: unknown; readonly method: unknown }>();
  const fail = (error: unknown): never => {
    throw translate(error);
  };
  const pass = (answer: unknown): unknown => {
    if (isStream(answer)) return translateStream(answer, fail);
    return isIterable(answer) ? iterate(answer, fail) : answer;
  };
  function wrap(method: (...inputs: unknown[]) => unknown) {
    return (...inputs: unknown[]): unknown => {
      let answer: unknown;
      try {
        answer = method.apply(store, inputs);
      } catch (error) {
        return fail(error);
      }
      return answer instanceof Promise ? answer.then(pass, fail) : pass(answer);
    };
  }
  // The store is not the proxy's target: a proxy must return what a frozen target has.
  return new Proxy({} as Store, {
    get(_target, key) {
      const from: unknown = Reflect.get(store, key, store);
      if (typeof from !== "function") return from;
      const known = translated.get(key);
      if (known?.from === from) return known.method;
      const method = wrap(from as (...inputs: unknown[]) => unknown);
      translated.set(key, { from, method });
      return method;
    },
    has: (_target, key) => Reflect.has(store, key),
    ownKeys: () => Reflect.ownKeys(store),
    getOwnPropertyDescriptor(_target, key) {
      const property = Reflect.getOwnPropertyDescriptor(store, key);
      return property && { ...property, configurable: true };
    },
  });
}

function isStream(answer: unknown): answer is ReadableStream<unknown> {
  return typeof answer === "object" && answer !== null && "getReader" in answer;
}

function isIterable(answer: unknown): answer is AsyncIterable<unknown> {
  return typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer;
}

async function* iterate(items: AsyncIterable<unknown>, fail: (error: unknown) => never): AsyncGenerator<unknown> {
  try {
    yield* items;
  } catch (error) {
    fail(error);
  }
}

/** The same chunks, each read on demand. */
function translateStream(stream: ReadableStream<unknown>, fail: (error: unknown) => never): ReadableStream<unknown> {
  const reader = stream.getReader();
  return new ReadableStream<unknown>(
    {
      async pull(controller) {
        const { done, value } = await reader.read().catch(fail);
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason).catch(fail),
    },
    { highWaterMark: 0 },
  );
}
