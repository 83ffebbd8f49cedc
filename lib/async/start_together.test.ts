import { expect, test } from "vitest";
import { aborted } from "./abortable.ts";
import { startTogether } from "./start_together.ts";

/** A part that notes its end. */
function part(name: string, ended: string[]): AsyncDisposable & { readonly name: string } {
  return {
    name,
    async [Symbol.asyncDispose]() {
      ended.push(name);
    },
  };
}

test("startTogether() starts all parts concurrently, and the stack disposes them in reverse order", async () => {
  const ended: string[] = [];
  const stack = new AsyncDisposableStack();
  const second = Promise.withResolvers<void>();
  const [a, b] = await startTogether(stack, [
    // Starts only once the other one has started.
    () => second.promise.then(() => part("a", ended)),
    async () => {
      second.resolve();
      return part("b", ended);
    },
  ]);
  expect([a.name, b.name]).toEqual(["a", "b"]);
  await stack.disposeAsync();
  expect(ended).toEqual(["b", "a"]);
});

test("startTogether() aborts the other starts, rejects with the first error, and leaves started parts to the stack", async () => {
  const ended: string[] = [];
  const stack = new AsyncDisposableStack();
  const starting = startTogether(stack, [
    async (signal) => {
      await aborted(signal);
      throw new Error("given up");
    },
    async () => {
      throw new Error("the disk is full");
    },
    async (signal) => {
      await aborted(signal);
      return part("late", ended);
    },
  ]);
  await expect(starting).rejects.toThrow("the disk is full");
  await stack.disposeAsync();
  expect(ended).toEqual(["late"]);
});
