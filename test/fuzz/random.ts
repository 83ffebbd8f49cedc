/** Random values that a seed decides. */
export interface Random {
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
  /** Whether something that happens with this probability happens. */
  chance(probability: number): boolean;
  pick<Value>(values: readonly [Value, ...Value[]]): Value;
  bytes(length: number): Buffer;
}

/** Mulberry32 (https://github.com/cprosche/mulberry32): fast, small, and the same everywhere. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    chance: (probability) => next() < probability,
    pick: (values) => values[below(values.length)] ?? values[0],
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  };
}

/** How long a fuzzer runs: `HEARTH_FUZZ_SECONDS`, else ten seconds. */
export const FUZZ_MS = 1000 * Number(process.env.HEARTH_FUZZ_SECONDS ?? 10);

/** The seed of a run: `HEARTH_FUZZ_SEED`, to run one again, else a new one. */
export const FUZZ_SEED = Number(process.env.HEARTH_FUZZ_SEED ?? Date.now() % 2 ** 32);
