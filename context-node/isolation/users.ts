import { randomInt } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

/** Ids that systems do not assign (https://systemd.io/UIDS-GIDS), and in containers with fewer ids, those of transient services. */
const RANGES = [
  { first: 0x70000000, count: 0x08000000 },
  { first: 61184, count: 4336 },
];

/** Returns a user id that no other process has. */
export type NextUser = () => number;

/** Undefined where the kernel knows none of these users: the container has a few only. `mapFile` is `/proc/self/uid_map`. */
export function createUsers(mapFile: string): NextUser | undefined {
  const mapped = existsSync(mapFile) ? readFileSync(mapFile, "utf8").trim().split("\n").map(parseRange) : [];
  const range = RANGES.find(({ first, count }) =>
    mapped.some((each) => each.first <= first && each.first + each.count >= first + count),
  );
  if (range === undefined) return undefined;
  // Nodes of one machine start at different places of the range.
  let next = randomInt(range.count);
  return () => {
    next = (next + 1) % range.count;
    return range.first + next;
  };
}

/** `0 1000 65536`: the first id here, the first id outside, and how many. */
function parseRange(line: string): { first: number; count: number } {
  const [first = 0, , count = 0] = line.trim().split(/\s+/).map(Number);
  return { first, count };
}
