import type { Principal } from "../../plugins/contract/mod.ts";
import { type Roles, rolesOf } from "./roles.ts";

/** Buckets are swept when there are so many; one that is full again says nothing. */
const SWEEP_AT = 10_000;

interface Bucket {
  /** Calls that may be made at once, when it was last looked at. */
  calls: number;
  seenMs: number;
  readonly perSecond: number;
}

export interface RateLimiter {
  /** Takes one call of a principal. Undefined when it may be made, else the time until it may, in milliseconds. */
  take(principal: Principal): number | undefined;
}

/**
 * Limits calls by token buckets, one a principal, that hold the calls of one second. A principal has the highest rate among its
 * roles, else the default; undefined is no limit.
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
