const MEBIBYTE = 1024 * 1024;

/** What one upload may cost. Beyond a limit the upload is refused with a BundleError. */
export interface BundlerLimits {
  /** The upload as it came. */
  readonly uploadBytes: number;
  /** A tarball after gunzip, headers and padding included; the files of a zip archive together. Unpacking stops there. */
  readonly unpackedBytes: number;
  /** Files and folders in an archive. */
  readonly entries: number;
  /** Characters of a path in an archive. */
  readonly pathLength: number;
  /** Segments of a path in an archive. */
  readonly pathDepth: number;
  /** Exports that are listed, of all modules of an upload. */
  readonly entryPoints: number;
  /** Bundle and source map together. */
  readonly bundleBytes: number;
  /** From the moment a worker has the upload to its answer. */
  readonly timeoutMs: number;
  /** What the process of a worker may use; the hard limit lies 512 MiB above. */
  readonly memoryBytes: number;
}

export const DEFAULT_LIMITS: BundlerLimits = {
  uploadBytes: 32 * MEBIBYTE,
  unpackedBytes: 128 * MEBIBYTE,
  entries: 10_000,
  pathLength: 512,
  pathDepth: 32,
  entryPoints: 2000,
  bundleBytes: 64 * MEBIBYTE,
  timeoutMs: 30_000,
  memoryBytes: 2048 * MEBIBYTE,
};
