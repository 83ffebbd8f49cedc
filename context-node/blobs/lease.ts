/** Digests that a lease holds: bundles and source maps of as many programs as a sandbox keeps at hand. */
const MOST_HELD = 128;

/** Bundles and source maps for one context. Disposing it lets go what it holds. */
export interface BlobLease extends Disposable {
  /** As that of the cache; it is held on disk until the lease has asked for many others. */
  text(digest: string): Promise<string>;
  /** As that of the cache. */
  open(digest: string): Promise<ReadableStream<Uint8Array>>;
}

interface LeaseDeps {
  text(digest: string): Promise<string>;
  open(digest: string): Promise<ReadableStream<Uint8Array>>;
  hold(digest: string): Disposable;
}

export function createLease({ text, open, hold }: LeaseDeps): BlobLease {
  /** By digest, the one used last at the end. */
  const holds = new Map<string, Disposable>();

  return {
    async text(digest) {
      const held = holds.get(digest) ?? hold(digest);
      holds.delete(digest);
      holds.set(digest, held);
      for (const [oldest, release] of holds) {
        if (holds.size <= MOST_HELD) break;
        holds.delete(oldest);
        release[Symbol.dispose]();
      }
      return text(digest);
    },
    open,
    [Symbol.dispose]() {
      for (const held of holds.values()) held[Symbol.dispose]();
      holds.clear();
    },
  };
}
