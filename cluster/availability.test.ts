import { pino } from "pino";
import { expect, test } from "vitest";
import { whenAvailable } from "./mod.ts";

/** An attempt that fails so often, and a log. */
function createAttempt(failures: number) {
  const lines: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line) => void lines.push(JSON.parse(line)) });
  let attempts = 0;
  const attempt = async (): Promise<number> => {
    attempts += 1;
    if (attempts <= failures) throw new Error("nobody there");
    return attempts;
  };
  return { lines, log, attempt };
}

test("whenAvailable() retries until the attempt succeeds, and logs the outage once", async () => {
  const { lines, log, attempt } = createAttempt(3);
  expect(await whenAvailable("the store", attempt, { log })).toBe(4);
  expect(lines).toMatchObject([
    { level: 40, msg: "the store is not there yet, trying again", reason: "nobody there" },
    { level: 30, msg: "the store is there now" },
  ]);
});

test("whenAvailable() logs nothing if the first attempt succeeds", async () => {
  const { lines, log, attempt } = createAttempt(0);
  await whenAvailable("the store", attempt, { log });
  expect(lines).toEqual([]);
});

test("whenAvailable() rejects with an error that waiting cannot help", async () => {
  const { log, attempt } = createAttempt(1);
  await expect(whenAvailable("the store", attempt, { log, isAway: () => false })).rejects.toThrow("nobody there");
});

test("whenAvailable() rejects with the signal's reason while it waits", async () => {
  const { log, attempt } = createAttempt(Number.POSITIVE_INFINITY);
  const stop = new AbortController();
  const waiting = whenAvailable("the store", attempt, {
    log,
    signal: stop.signal,
    onWait: () => stop.abort(new Error("stopped")),
  });
  await expect(waiting).rejects.toThrow("stopped");
});
