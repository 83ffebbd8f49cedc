import { expect, test } from "vitest";
import { QueueFullError, Semaphore } from "./semaphore.ts";

const { signal } = new AbortController();

test("acquire() admits callers in order as permits become free", async () => {
  const semaphore = new Semaphore(1, { maxWaiting: 2 });
  const entered: number[] = [];
  const first = await semaphore.acquire({ signal });
  const others = [1, 2].map(async (caller) => {
    using _ = await semaphore.acquire({ signal });
    entered.push(caller);
  });
  expect(entered).toEqual([]);
  first[Symbol.dispose]();
  await Promise.all(others);
  expect(entered).toEqual([1, 2]);
});

test("acquire() rejects when the wait queue is full", async () => {
  const semaphore = new Semaphore(1, { maxWaiting: 0 });
  using _ = await semaphore.acquire({ signal });
  await expect(semaphore.acquire({ signal })).rejects.toThrow(QueueFullError);
});

test("acquire() rejects with the signal's reason, and leaves the wait queue", async () => {
  const semaphore = new Semaphore(1, { maxWaiting: 1 });
  const first = await semaphore.acquire({ signal });
  const leaving = new AbortController();
  const waiting = semaphore.acquire(leaving);
  leaving.abort(new Error("the client left"));
  await expect(waiting).rejects.toThrow("the client left");
  first[Symbol.dispose]();
  using _ = await semaphore.acquire({ signal });
});
