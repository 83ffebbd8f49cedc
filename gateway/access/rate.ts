import type { Principal } from "../../plugins/contract/mod.ts";
import { type Roles, rolesOf } from "./roles.ts";

/** Number of buckets at which full ones are dropped. */
const SWEEP_AT = 10_000;

interface Bucket {
  /** Tokens at the last update. */
  calls: number;
  seenMs: number;
  readonly perSecond: number;
}

export interface RateLimiter {
  /** Counts one call of a principal. Undefined when it may proceed, else the time until it may, in milliseconds. */
  take(principal: Principal): number | undefined;
}

/**
 * Limits calls with one token bucket per principal, sized for one second. The rate is the highest of the principal's roles, else the
 * default; undefined is no limit.
 */
export function createRateLimiter(
  roles: Roles,
  { requestsPerSecond, now = () => performance.now() }: { requestsPerSecond: number | undefined; now?: () => number },
): RateLimiter {
  const buckets = new Map<string, Bucket>();

  return {
    take(principal) {
      const perSecond = rateOf(principal);
      if (perSecond === undefined) return undefined;
      const nowMs = now();
      const capacity = Math.max(1, perSecond);
      const bucket = refill(buckets.get(principal.id), { perSecond, nowMs, capacity });
      if (!buckets.has(principal.id) && buckets.size >= SWEEP_AT) sweep(nowMs);
      buckets.set(principal.id, bucket);
      if (bucket.calls < 1) return ((1 - bucket.calls) / perSecond) * 1000;
      bucket.calls -= 1;
      return undefined;
    },
  };

  function rateOf(principal: Principal): number | undefined {
    const rates = rolesOf(roles, principal).map((role) => role.requestsPerSecond);
    const known = rates.filter((rate) => rate !== undefined);
    return known.length === 0 ? requestsPerSecond : Math.max(...known);
  }

  function sweep(nowMs: number): void {
    for (const [id, { perSecond, seenMs, calls }] of buckets) {
      if (calls + ((nowMs - seenMs) / 1000) * perSecond >= Math.max(1, perSecond)) buckets.delete(id);
    }
  }
}

function refill(
  bucket: Bucket | undefined,
  { perSecond, nowMs, capacity }: { perSecond: number; nowMs: number; capacity: number },
): Bucket {
  if (bucket === undefined) return { calls: capacity, seenMs: nowMs, perSecond };
  const calls = Math.min(capacity, bucket.calls + ((nowMs - bucket.seenMs) / 1000) * perSecond);
  return { calls, seenMs: nowMs, perSecond };
}
