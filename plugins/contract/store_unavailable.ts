import type { StoreState } from "../../proto/errors.ts";

export type { StoreState };

const STATES: ReadonlySet<string> = new Set<StoreState>(["away", "full", "readOnly", "denied", "failing", "busy"]);

/** What a DAO or blob store rejects with while its back end cannot be used. Callers get Unavailable; of any other error, Internal. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
  readonly state: StoreState;

  /** The message is for the operator, and may name places. */
  constructor(state: StoreState, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.state = state;
  }
}

/** By name and state: a plugin may come with a contract of its own. */
export function isStoreUnavailable(error: unknown): error is StoreUnavailable {
  return (
    error instanceof Error && error.name === "StoreUnavailable" && "state" in error && STATES.has(`${error.state}`)
  );
}

/** A store that throws, rejects with, and whose iterations throw, what `translate` makes of the store's own errors. */
export function translateErrors<Store extends object>(store: Store, translate: (error: unknown) => unknown): Store {
  const translated = new Map<PropertyKey, { readonly from: unknown; readonly method: unknown }>();
  const fail = (error: unknown): never => {
    throw translate(error);
  };
  function wrap(method: (...inputs: unknown[]) => unknown) {
    return (...inputs: unknown[]): unknown => {
      let answer: unknown;
      try {
        answer = method.apply(store, inputs);
      } catch (error) {
        return fail(error);
      }
      if (answer instanceof Promise) return answer.catch(fail);
      return isIterable(answer) ? iterate(answer, fail) : answer;
    };
  }
  return new Proxy(store, {
    get(target, key) {
      const from: unknown = Reflect.get(target, key, target);
      if (typeof from !== "function") return from;
      const known = translated.get(key);
      if (known?.from === from) return known.method;
      const method = wrap(from as (...inputs: unknown[]) => unknown);
      translated.set(key, { from, method });
      return method;
    },
  });
}

function isIterable(answer: unknown): answer is AsyncIterable<unknown> {
  return typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer && !("getReader" in answer);
}

async function* iterate(items: AsyncIterable<unknown>, fail: (error: unknown) => never): AsyncGenerator<unknown> {
  try {
    yield* items;
  } catch (error) {
    fail(error);
  }
}
