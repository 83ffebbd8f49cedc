import type { Job } from "hearth";

const NUMBERS = [2, 4, 9, 16, 25, 36, 55, 66];

/** Leaves a list in its context and answers the sum of it. */
export const CacheSomethingJob: Job = async ({ objects }) => {
  const doubled = await objects.getOrElseCreate("doubled", () => NUMBERS.map((number) => number * 2));
  return sumOf(doubled);
};

/** Answers the sum of the list that `CacheSomethingJob` left. */
export const AccessCacheJob: Job = async ({ objects }) => {
  const doubled = await objects.get("doubled");
  if (!Array.isArray(doubled)) throw new Error("Nothing is cached in this context: run CacheSomethingJob first");
  return sumOf(doubled);
};

/** Makes a list under a name, unless it is there, and answers the sum of it. */
export const CacheRddByNameJob: Job = async ({ objects }) => {
  const numbers = await objects.getOrElseCreate("french_numbers", () => Array.from({ length: 10 }, (_, n) => n + 1));
  return sumOf(numbers);
};

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
