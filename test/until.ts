import { setTimeout as delay } from "node:timers/promises";

const DEADLINE_MS = 30_000;
const PAUSE_MS = 20;

/** Polls the condition; resolves when it holds, rejects with `what` at the deadline. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { deadlineMs = DEADLINE_MS } = {},
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Not within ${deadlineMs} ms: ${what}`);
    await delay(PAUSE_MS);
  }
}
