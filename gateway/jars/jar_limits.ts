const MEBIBYTE = 1024 * 1024;

/** Limits of one jar. A larger one is rejected with a JarError. */
export interface JarLimits {
  readonly entries: number;
  /** Total size of the unpacked entries, as declared in the directory. */
  readonly unpackedBytes: number;
  /** Maximum compression ratio of a jar with more than `ratioFromBytes`; classes have about three. */
  readonly ratio: number;
  readonly ratioFromBytes: number;
  /** Length of the name of an entry, in characters. */
  readonly nameLength: number;
  /** Size of a class. Larger ones are not read, and are not entry points. */
  readonly classBytes: number;
  readonly entryPoints: number;
  /** Number of listed warnings. */
  readonly warnings: number;
  readonly timeoutMs: number;
  /** Heap of the thread that reads a jar, without the jar itself. */
  readonly memoryBytes: number;
}

export const DEFAULT_LIMITS: JarLimits = {
  entries: 300_000,
  unpackedBytes: 4096 * MEBIBYTE,
  ratio: 100,
  ratioFromBytes: 64 * MEBIBYTE,
  nameLength: 1024,
  classBytes: 4 * MEBIBYTE,
  entryPoints: 2000,
  warnings: 20,
  timeoutMs: 30_000,
  memoryBytes: 768 * MEBIBYTE,
};
