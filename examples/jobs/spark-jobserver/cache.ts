import type { Job } from "hearth";

const NUMBERS = [2, 4, 9, 16, 25, 36, 55, 66];

/** Stores a list in its context and returns its sum. */
export const CacheSomethingJob: Job = async ({ objects }) => {
  const doubled = await objects.getOrElseCreate("doubled", () => NUMBERS.map((number) => number * 2));
  return sumOf(doubled);
};

/** Returns the sum of the list that `CacheSomethingJob` stored. */
export const AccessCacheJob: Job = async ({ objects }) => {
  const doubled = await objects.get("doubled");
  if (!Array.isArray(doubled)) throw new Error("Nothing is cached in this context: run CacheSomethingJob first");
  return sumOf(doubled);
};

/** Creates a named list unless it exists, and returns its sum. */
export const CacheRddByNameJob: Job = async ({ objects }) => {
  const numbers = await objects.getOrElseCreate("french_numbers", () => Array.from({ length: 10 }, (_, n) => n + 1));
  return sumOf(numbers);
};

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
