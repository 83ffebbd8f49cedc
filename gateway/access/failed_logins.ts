import { networkOf } from "./network.ts";

/** Networks and credentials that are remembered, each. */
const REMEMBERED = 10_000;

const MINUTE_MS = 60_000;

interface Bucket {
  /** Failures that are still allowed, when it was last looked at. */
  left: number;
  seenMs: number;
}

/** What one caller shows, and where from. */
interface Attempt {
  /** IP address. */
  readonly peer: string;
  /** Stands for the credentials, and does not tell them. Undefined: they are of no kind by which they are known again. */
  readonly digest: string | undefined;
}

export interface FailedLogins {
  /** Undefined when the caller may be asked who it is, else the time until it may, in milliseconds. */
  waitMs(attempt: Attempt): number | undefined;
  failed(attempt: Attempt): void;
  succeeded(attempt: Attempt): void;
}

/**
 * Limits wrong credentials by token buckets, one a network, that hold those of a minute. Where a bucket is empty nobody is asked, but for
 * who shows what was right before: other people behind the same proxy go on, and guesses are never among what was right. Of
 * networks and credentials only so many are remembered, the newest.
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

/** Makes it the newest, and forgets the oldest where there are too many. */
function remember<Value>(values: Map<string, Value>, key: string, value: Value): void {
  values.delete(key);
  values.set(key, value);
  if (values.size <= REMEMBERED) return;
  const [oldest] = values.keys();
  if (oldest !== undefined) values.delete(oldest);
}
