const MEBIBYTE = 1024 * 1024;

/**
 * Memory of a driver outside of its heap: classes, compiled code, threads and buffers. Measured on Spark 4.3: 300 MB of classes and code after
 * a few jobs. The same as Spark reserves for a driver in YARN: 384 MiB or a tenth of the heap.
 */
const BESIDE_HEAP_BYTES = 384 * MEBIBYTE;
const BESIDE_HEAP_SHARE = 1 / 11;

/** Share of the heap in a context with less than 1 GiB: the same as with 1 GiB. */
const SMALL_HEAP_SHARE = 640 / 1024;

/** Smallest heap that Spark accepts by default: 450 MiB, and 3 % that the serial collector does not count. */
const SMALLEST_USUAL_HEAP_BYTES = 480 * MEBIBYTE;

export interface HeapSize {
  readonly bytes: number;
  /** Settings that make Spark accept a smaller heap. */
  readonly conf: Readonly<Record<string, string>>;
}

/** The heap of a driver whose process may take this much memory. */
export function heapOf(memoryBytes: number): HeapSize {
  const besideBytes = Math.max(BESIDE_HEAP_BYTES, memoryBytes * BESIDE_HEAP_SHARE);
  const bytes = wholeMebibytes(
    Math.max(memoryBytes - besideBytes, Math.min(memoryBytes, 1024 * MEBIBYTE) * SMALL_HEAP_SHARE),
  );
  if (bytes >= SMALLEST_USUAL_HEAP_BYTES) return { bytes, conf: {} };
  // Spark reserves 300 MiB for itself, and requires a heap of at least 1.5 times that.
  return { bytes, conf: { "spark.testing.reservedMemory": String(Math.floor(bytes / 5)) } };
}

function wholeMebibytes(bytes: number): number {
  return Math.floor(bytes / MEBIBYTE) * MEBIBYTE;
}
