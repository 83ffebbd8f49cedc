import type { Job } from "hearth";

interface LongPiConfig {
  /** Seconds to take; default 5. */
  readonly stress?: { readonly test?: { readonly longpijob?: { readonly duration?: number } } } | undefined;
}

const DARTS = 1_000_000;

/** Estimates pi for some seconds by the share of random points of a square that are inside its circle. */
export const LongPiJob: Job<LongPiConfig, number> = async ({ config, progress, signal }) => {
  const durationMs = (config.stress?.test?.longpijob?.duration ?? 5) * 1000;
  const start = performance.now();
  let [thrown, hits] = [0, 0];
  for (let elapsedMs = 0; elapsedMs < durationMs || thrown === 0; elapsedMs = performance.now() - start) {
    hits += throwDarts();
    thrown += DARTS;
    progress(Math.min(elapsedMs / durationMs, 1), `${(4 * hits) / thrown}`, { thrown });
    // Yields to the event loop, so that a cancellation can arrive.
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
  }
  return (4 * hits) / thrown;
};

function throwDarts(): number {
  let hits = 0;
  for (let dart = 0; dart < DARTS; dart++) {
    if (Math.random() ** 2 + Math.random() ** 2 < 1) hits++;
  }
  return hits;
}
