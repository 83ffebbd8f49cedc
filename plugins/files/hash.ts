import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";

/** Bytes that are hashed at once: some milliseconds of work. */
const SLICE_BYTES = 4 * 1024 * 1024;

/** `sha256:<hex>` of a content. Others are served between the slices of a large one. */
export async function hashContent(content: Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  for (let start = 0; start < content.length; start += SLICE_BYTES) {
    if (start > 0) await nextTurn();
    hash.update(content.subarray(start, start + SLICE_BYTES));
  }
  return `sha256:${hash.digest("hex")}`;
}
