import { expect, test } from "vitest";
import { abortable, deadline, KeyedSerialQueue, pause } from "./mod.ts";

const NEVER = new Promise<never>(() => {});

test("deadline() resolves to the promise's value within the timeout", async () => {
  expect(await deadline(Promise.resolve(1), 60_000, () => 2)).toBe(1);
});

test("deadline() resolves to what onTimeout returns, or rejects with what it throws, after the timeout", async () => {
  expect(await deadline(NEVER, 1, () => 2)).toBe(2);
  const late = deadline(NEVER, 1, () => {
    throw new Error("too late");
  });
  await expect(late).rejects.toThrow("too late");
});

test("deadline() rejects with the promise's error", async () => {
  await expect(deadline(Promise.reject(new Error("broken")), 60_000, () => 2)).rejects.toThrow("broken");
});

test("abortable() rejects with the signal's reason when the signal aborts first", async () => {
  const controller = new AbortController();
  const waiting = abortable(NEVER, controller.signal);
  controller.abort(new Error("left"));
  await expect(waiting).rejects.toThrow("left");
  await expect(abortable(NEVER, controller.signal)).rejects.toThrow("left");
  expect(await abortable(Promise.resolve(1), undefined)).toBe(1);
});

test("pause() resolves after the delay, or when the signal aborts", async () => {
  const controller = new AbortController();
  await pause(1, controller);
  const waiting = pause(60_000, controller);
  controller.abort();
  await waiting;
  await pause(60_000, controller);
});

test("KeyedSerialQueue runs the tasks of one key one after the other, also after one that fails", async () => {
  const queue = new KeyedSerialQueue();
  const steps: string[] = [];
  const first = Promise.withResolvers<void>();
  const failing = queue.run("a", async () => {
    await first.promise;
    steps.push("a1");
    throw new Error("failed");
  });
  const second = queue.run("a", async () => steps.push("a2"));
  await queue.run("b", async () => steps.push("b1"));
  first.resolve();
  await expect(failing).rejects.toThrow("failed");
  await second;
  expect(steps).toEqual(["b1", "a1", "a2"]);
});
