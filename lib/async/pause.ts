import { startTimer } from "./timer.ts";

/** Resolves after the delay, or as soon as the signal aborts. Never rejects. */
export function pause(delayMs: number, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer[Symbol.dispose]();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = startTimer(delayMs, end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
