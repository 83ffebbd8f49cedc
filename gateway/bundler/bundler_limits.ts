const MEBIBYTE = 1024 * 1024;

/** Limits of one upload. A larger one is rejected with a BundleError. */
export interface BundlerLimits {
  /** Size of the upload as received. */
  readonly uploadBytes: number;
  /** Size of a tarball after gunzip, with headers and padding, or of all files of a zip archive. Unpacking stops at the limit. */
  readonly unpackedBytes: number;
  /** Number of files and folders in an archive. */
  readonly entries: number;
  /** Length of a path in an archive, in characters. */
  readonly pathLength: number;
  /** Number of segments of a path in an archive. */
  readonly pathDepth: number;
  /** Number of listed exports of all modules of an upload. */
  readonly entryPoints: number;
  /** Size of the bundle and source map together. */
  readonly bundleBytes: number;
  /** Time from the request to a worker until its response. */
  readonly timeoutMs: number;
  /** Memory of the worker process; the hard limit is 512 MiB higher. */
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
