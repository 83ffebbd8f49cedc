/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = string;

/**
 * Immutable byte strings, known by the SHA-256 of their content: binaries, bundles, data files, large results.
 *
 * Methods reject only when the back end is broken. What `put` answered is durable.
 */
export interface BlobStore extends AsyncDisposable {
  /** Stores the content; storing what is there already changes nothing. Nothing remains of a put that fails half-way. */
  put(content: Uint8Array | AsyncIterable<Uint8Array>): Promise<{ digest: Digest; sizeBytes: number }>;
  /**
   * The content, or undefined when there is none. The stream errors, at the latest at its end, when the bytes do not have the
   * digest any more.
   */
  open(digest: Digest): Promise<ReadableStream<Uint8Array> | undefined>;
  /** True when there was one. */
  delete(digest: Digest): Promise<boolean>;
  /** All digests, in no order. */
  list(): AsyncIterable<Digest>;
  /** Rejects when the back end does not work. */
  checkHealth(options?: { signal?: AbortSignal | undefined }): Promise<void>;
}
