/** Most digests that a lease holds: bundles and source maps of as many programs as a sandbox keeps. */
const MOST_HELD = 128;

/** Bundles and source maps for one context. Disposal releases them. */
export interface BlobLease extends Disposable {
  /** As `BlobCache.text`. Holds the blob on disk until many others have been read. */
  text(digest: string): Promise<string>;
  /** As `BlobCache.open`. */
  open(digest: string): Promise<ReadableStream<Uint8Array>>;
}

interface LeaseDeps {
  text(digest: string): Promise<string>;
  open(digest: string): Promise<ReadableStream<Uint8Array>>;
  hold(digest: string): Disposable;
}

export function createLease({ text, open, hold }: LeaseDeps): BlobLease {
  /** By digest, the most recently used one last. */
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
