const MEBIBYTE = 1024 * 1024;

/**
 * What a driver takes beside its heap: classes, compiled code, threads and buffers. Measured on Spark 4.3: 300 MB of classes and code in a
 * driver that ran a few jobs. It is what Spark itself reserves for a driver in YARN, 384 MiB or a tenth of the heap.
 */
const BESIDE_HEAP_BYTES = 384 * MEBIBYTE;
const BESIDE_HEAP_SHARE = 1 / 11;

/** Of a context with less than 1 GiB, the heap gets the part that it would get of 1 GiB. */
const SMALL_HEAP_SHARE = 640 / 1024;

/** Spark refuses a heap below 450 MiB, of which the serial collector counts 3 % as lost. */
const SMALLEST_USUAL_HEAP_BYTES = 480 * MEBIBYTE;

export interface HeapSize {
  readonly bytes: number;
  /** What makes Spark take a heap that is smaller than it usually wants. */
  readonly conf: Readonly<Record<string, string>>;
}

/** The heap of a driver whose process may take this much memory. */
export function heapOf(memoryBytes: number): HeapSize {
  const besideBytes = Math.max(BESIDE_HEAP_BYTES, memoryBytes * BESIDE_HEAP_SHARE);
  const bytes = wholeMebibytes(
    Math.max(memoryBytes - besideBytes, Math.min(memoryBytes, 1024 * MEBIBYTE) * SMALL_HEAP_SHARE),
  );
  if (bytes >= SMALLEST_USUAL_HEAP_BYTES) return { bytes, conf: {} };
  // Spark reserves 300 MiB for itself, and wants half as much again at least.
  return { bytes, conf: { "spark.testing.reservedMemory": String(Math.floor(bytes / 5)) } };
}

function wholeMebibytes(bytes: number): number {
  return Math.floor(bytes / MEBIBYTE) * MEBIBYTE;
}
