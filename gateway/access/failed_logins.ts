import { networkOf } from "./network.ts";

/** Most networks, and most credentials, that are remembered. */
const REMEMBERED = 10_000;

const MINUTE_MS = 60_000;

interface Bucket {
  /** Tokens at the last update. */
  left: number;
  seenMs: number;
}

/** The origin and the credentials of a request. */
interface Attempt {
  /** IP address. */
  readonly peer: string;
  /** Digest of the credentials. Undefined when they cannot be remembered. */
  readonly digest: string | undefined;
}

export interface FailedLogins {
  /** Undefined when the request may be authenticated, else the time until it may, in milliseconds. */
  waitMs(attempt: Attempt): number | undefined;
  failed(attempt: Attempt): void;
  succeeded(attempt: Attempt): void;
}

/**
 * Limits failed logins with one token bucket per network, sized for one minute. When a bucket is empty, plugins are called only for
 * credentials that succeeded before: other people behind the same proxy continue, and guesses never succeeded. The number of networks and
 * credentials is bounded; the newest are kept.
 */
export function createFailedLogins({
  failedLoginsPerMinute: perMinute,
  now = () => performance.now(),
}: {
  readonly failedLoginsPerMinute: number;
  readonly now?: () => number;
}): FailedLogins {
  const capacity = Math.max(1, perMinute);
  const buckets = new Map<string, Bucket>();
  const rightOnes = new Map<string, true>();

  return {
    waitMs({ peer, digest }) {
      const bucket = buckets.get(networkOf(peer));
      if (bucket === undefined || (digest !== undefined && rightOnes.has(digest))) return undefined;
      refill(bucket);
      return bucket.left >= 1 ? undefined : ((1 - bucket.left) * MINUTE_MS) / perMinute;
    },
    failed({ peer, digest }) {
      if (digest !== undefined) rightOnes.delete(digest);
      const network = networkOf(peer);
      const bucket = buckets.get(network) ?? { left: capacity, seenMs: now() };
      refill(bucket);
      bucket.left = Math.max(0, bucket.left - 1);
      remember(buckets, network, bucket);
    },
    succeeded({ digest }) {
      if (digest !== undefined && !rightOnes.has(digest)) remember(rightOnes, digest, true);
    },
  };

  function refill(bucket: Bucket): void {
    const nowMs = now();
    bucket.left = Math.min(capacity, bucket.left + ((nowMs - bucket.seenMs) * perMinute) / MINUTE_MS);
    bucket.seenMs = nowMs;
  }
}

/** Marks an entry as the newest, and drops the oldest beyond the bound. */
function remember<Value>(values: Map<string, Value>, key: string, value: Value): void {
  values.delete(key);
  values.set(key, value);
  if (values.size <= REMEMBERED) return;
  const [oldest] = values.keys();
  if (oldest !== undefined) values.delete(oldest);
}
