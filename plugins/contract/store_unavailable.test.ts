import { expect, test } from "vitest";
import { isStoreUnavailable, StoreUnavailable, translateErrors } from "./store_unavailable.ts";

/** A store as a class, as third-party plugins may have. */
class Store {
  readonly #name = "mine";

  fails(): never {
    throw new Error(`${this.#name} fails`);
  }

  async rejects(): Promise<never> {
    throw new Error(`${this.#name} rejects`);
  }

  async *breaks(): AsyncGenerator<number> {
    yield 1;
    throw new Error(`${this.#name} breaks`);
  }

  async works(value: number): Promise<string> {
    return `${this.#name} ${value}`;
  }
}

function thrownBy(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}

test("translateErrors() translates thrown, rejected and streamed errors, and nothing else", async () => {
  const store = translateErrors(new Store(), (error) => `translated: ${(error as Error).message}`);
  expect(await store.works(7)).toBe("mine 7");
  expect(store.works).toBe(store.works);
  expect(thrownBy(() => store.fails())).toBe("translated: mine fails");
  await expect(store.rejects()).rejects.toBe("translated: mine rejects");
  const items: number[] = [];
  const read = async (): Promise<void> => {
    for await (const item of store.breaks()) items.push(item);
  };
  await expect(read()).rejects.toBe("translated: mine breaks");
  expect(items).toEqual([1]);
});

test("isStoreUnavailable() recognizes errors of another copy of the contract", () => {
  const foreign = Object.assign(new Error("no space"), { name: "StoreUnavailable", state: "full" });
  expect(isStoreUnavailable(foreign)).toBe(true);
  expect(isStoreUnavailable(new StoreUnavailable("away", "gone"))).toBe(true);
  expect(isStoreUnavailable(Object.assign(new Error("x"), { name: "StoreUnavailable", state: "odd" }))).toBe(false);
  expect(isStoreUnavailable(new Error("a bug"))).toBe(false);
});

test("translateErrors() translates errors of a stream, reads on demand and forwards a cancel", async () => {
  const events: unknown[] = [];
  let count = 0;
  const source = {
    open: async () =>
      new ReadableStream<number>(
        {
          pull(controller) {
            count += 1;
            events.push(`pull ${count}`);
            if (count === 3) throw new Error("EIO");
            controller.enqueue(count);
          },
          cancel: (reason) => void events.push(reason),
        },
        { highWaterMark: 0 },
      ),
  };
  const store = translateErrors(source, (error) => `translated: ${(error as Error).message}`);
  const read: number[] = [];
  const stream = await store.open();
  expect(events).toEqual([]);
  const readAll = async (): Promise<void> => {
    for await (const item of stream) read.push(item);
  };
  await expect(readAll()).rejects.toBe("translated: EIO");
  expect(read).toEqual([1, 2]);
  const cancelled = await store.open();
  await cancelled.cancel("enough");
  expect(events).toEqual(["pull 1", "pull 2", "pull 3", "enough"]);
});

test("translateErrors() accepts a frozen store", async () => {
  const store = translateErrors(Object.freeze({ name: "cold", works: async () => "works" }), (error) => error);
  expect(await store.works()).toBe("works");
  expect(store.name).toBe("cold");
  expect("works" in store).toBe(true);
  expect("breaks" in store).toBe(false);
  expect(await { ...store }.works()).toBe("works");
});
