import { setImmediate as nextTurn } from "node:timers/promises";

/** Bytes that are hashed or written at a time, in about a millisecond. */
const SLICE_BYTES = 1024 * 1024;

/** Content part by part; others get their turn of the event loop between two parts. */
export async function* inSlices(content: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += SLICE_BYTES) {
    yield content.subarray(at, at + SLICE_BYTES);
    await nextTurn();
  }
}
