import type { Writes } from "./writes.ts";

/** A write for the writer thread. Its blobs follow those of the previous write in `Batch.bytes`. */
export type PackedWrite = readonly [name: keyof Writes, columns: unknown, blobSizes: readonly number[]];

/** One message to the writer thread: all waiting writes, in order. */
export interface Batch {
  readonly writes: readonly PackedWrite[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The reason for which a write failed. Threads pass only the message of an error. */
export interface WriteFailure {
  readonly message: string;
  /** SQLite's error code. */
  readonly code: number | undefined;
}

/** The response to a batch. Nothing of a failed write is stored; all others are durable. */
export interface BatchAnswer {
  /** By position of the write. */
  readonly answers: readonly unknown[];
  /** Errors, by position of the write. */
  readonly failures: ReadonlyMap<number, WriteFailure>;
}

/** One write as its caller hands it in. */
export interface Write {
  readonly name: keyof Writes;
  readonly columns: unknown;
  readonly blobs: readonly Uint8Array[];
}

/** Puts writes into one message; many small buffers would cost more to hand over than one large one. */
export function packBatch(writes: readonly Write[]): Batch {
  const sizeBytes = writes.flatMap((write) => write.blobs).reduce((sum, blob) => sum + blob.length, 0);
  const bytes = new Uint8Array(sizeBytes);
  let end = 0;
  const packed = writes.map(({ name, columns, blobs }): PackedWrite => {
    for (const blob of blobs) {
      bytes.set(blob, end);
      end += blob.length;
    }
    return [name, columns, blobs.map((blob) => blob.length)];
  });
  return { writes: packed, bytes };
}

/** The writes of a batch; their blobs are views of its bytes. */
export function unpackBatch({ writes, bytes }: Batch): Write[] {
  let end = 0;
  return writes.map(([name, columns, blobSizes]) => {
    const blobs = blobSizes.map((size) => {
      end += size;
      return bytes.subarray(end - size, end);
    });
    return { name, columns, blobs };
  });
}
