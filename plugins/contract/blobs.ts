/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = string;

/** A stored blob. */
export interface StoredBlob {
  readonly digest: Digest;
  /** Time of the last `put` or `renew`. */
  readonly storedAt: Date;
}

/**
 * Immutable byte strings, identified by the SHA-256 of their content: binaries, bundles, data files, large results. Methods reject only
 * when the back end fails, with a StoreUnavailable when it is unavailable or full. Content is durable, and visible to every store on the
 * same back end, when `put` resolves; opening a store affects no other. A malformed digest identifies no blob.
 */
export interface BlobStore extends AsyncDisposable {
  /**
   * Stores content; if it exists, only its age is reset. A failed put leaves nothing behind. Rejects with the error of the content. Content
   * exists after `put` resolves, whatever a concurrent `delete` with `storedBefore` does.
   */
  put(content: Uint8Array | AsyncIterable<Uint8Array>): Promise<{ digest: Digest; sizeBytes: number }>;
  /**
   * The content, or undefined if there is none. The stream errors, at its end at the latest, when the bytes no longer match the digest. It
   * may be cancelled at any time, and completes even if the blob is deleted meanwhile.
   */
  open(digest: Digest): Promise<ReadableStream<Uint8Array> | undefined>;
  /** Resets the age, like a put of the same content. False when there is none. */
  renew(digest: Digest): Promise<boolean>;
  /** True when there was one. With `storedBefore`, keeps a blob that was put or renewed at that time or later. */
  delete(digest: Digest, options?: { storedBefore?: Date | undefined }): Promise<boolean>;
  /** All blobs, unordered. Blobs that are put or deleted meanwhile may be missing. */
  list(): AsyncIterable<StoredBlob>;
  /** Rejects when the back end does not work, or with the signal's reason. */
  checkHealth(options?: { signal?: AbortSignal | undefined }): Promise<void>;
}
