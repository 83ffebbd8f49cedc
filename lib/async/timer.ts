/** Longest delay of setTimeout, in milliseconds: nearly 25 days. A longer one fires at once. */
export const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * Calls back once after a delay that may exceed the longest delay of setTimeout. Never calls back after Infinity. Disposing the timer cancels
 * it. Use it for delays that a caller or a configuration chooses.
 */
export function startTimer(delayMs: number, callback: () => void): Disposable {
  let remainingMs = delayMs;
  let timer: ReturnType<typeof setTimeout>;
  const arm = (): void => {
    const stepMs = Math.min(remainingMs, LONGEST_DELAY_MS);
    remainingMs -= stepMs;
    timer = setTimeout(remainingMs > 0 ? arm : callback, stepMs);
  };
  arm();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
