import { setImmediate as nextTurn } from "node:timers/promises";

/** Bytes that are processed at a time, which takes about a millisecond. */
const SLICE_BYTES = 1024 * 1024;

/** Content in slices. Yields to the event loop between slices. */
export async function* inSlices(content: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += SLICE_BYTES) {
    yield content.subarray(at, at + SLICE_BYTES);
    await nextTurn();
  }
}
