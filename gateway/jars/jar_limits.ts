const MEBIBYTE = 1024 * 1024;

/** What one jar may cost. Beyond a limit it is refused with a JarError. */
export interface JarLimits {
  readonly entries: number;
  /** What the directory says that it unpacks to. */
  readonly unpackedBytes: number;
  /** How many times its size a jar of more than `ratioFromBytes` may unpack to; classes take about three times theirs. */
  readonly ratio: number;
  readonly ratioFromBytes: number;
  /** Characters of the name of an entry. */
  readonly nameLength: number;
  /** Classes that are larger are not read, and are no entry points. */
  readonly classBytes: number;
  readonly entryPoints: number;
  /** Lines about what was found. */
  readonly warnings: number;
  readonly timeoutMs: number;
  /** Of the heap in which a jar is read, besides the jar. */
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
