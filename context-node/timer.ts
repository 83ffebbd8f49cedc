/** The longest delay that setTimeout takes; it fires at once for a longer one. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** Calls back once after a time that may be longer than setTimeout's limit. Disposing it calls it off. */
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
