import type { Job } from "hearth";

interface SleepConfig {
  /** Milliseconds; default 10 000. */
  readonly sleep?: { readonly time?: { readonly millis?: number } } | undefined;
}

/** Sleeps, and returns the number of milliseconds. A kill wakes it. */
export const SleepJob: Job<SleepConfig, number> = async ({ config, signal }) => {
  const ms = Number(config.sleep?.time?.millis ?? 10_000);
  await sleep(ms, signal);
  return ms;
};

/** Counts batches that never end: it runs until it is killed. */
export const StreamingTestJob: Job = async ({ progress, signal }) => {
  for (let batch = 1; ; batch++) {
    progress(0, "streaming", { batch });
    await sleep(100, signal);
  }
};

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const wake = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", wake);
      resolve();
    }, ms);
    signal.addEventListener("abort", wake);
  });
}
