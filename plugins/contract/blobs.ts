/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = string;

/** A blob that is there. */
export interface StoredBlob {
  readonly digest: Digest;
  /** When it was last put or renewed. */
  readonly storedAt: Date;
}

/**
 * Immutable byte strings, known by the SHA-256 of their content: binaries, bundles, data files, large results.
 *
 * Methods reject only when the back end is broken, with a StoreUnavailable where it is away or full. What `put` answered is durable, and there for every store on the same back
 * end; opening a store disturbs nobody. A string that is no digest names no blob.
 */
export interface BlobStore extends AsyncDisposable {
  /**
   * Stores the content; of what is there already only the age begins anew. Nothing remains of a put that fails half-way.
   * Rejects with what the content throws. Whatever `delete` with `storedBefore` does at the same time, what a put answered is
   * there afterwards.
   */
  put(content: Uint8Array | AsyncIterable<Uint8Array>): Promise<{ digest: Digest; sizeBytes: number }>;
  /**
   * The content, or undefined when there is none. The stream errors, at the latest at its end, when the bytes do not have the
   * digest any more. It may be cancelled at any time, and ends well also when the blob is deleted while it is read.
   */
  open(digest: Digest): Promise<ReadableStream<Uint8Array> | undefined>;
  /** As a put of the same content: its age begins anew. False when there is none. */
  renew(digest: Digest): Promise<boolean>;
  /** True when there was one. With `storedBefore`, one that was put or renewed at that time or later stays. */
  delete(digest: Digest, options?: { storedBefore?: Date | undefined }): Promise<boolean>;
  /** All blobs, in no order. One that is put or deleted meanwhile may be missing. */
  list(): AsyncIterable<StoredBlob>;
  /** Rejects when the back end does not work, or with the signal's reason. */
  checkHealth(options?: { signal?: AbortSignal | undefined }): Promise<void>;
}
