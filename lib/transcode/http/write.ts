import { once } from "node:events";
import type { HttpResponse } from "./call.ts";

/**
 * Writes a piece of an answer; resolves when there is room for more. Rejects when the signal is aborted or the answer breaks. It leaves no
 * listener behind, however often a slow reader makes it wait.
 */
export async function writePiece(
  response: HttpResponse,
  piece: string | Uint8Array,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted();
  if (!response.write(piece)) await once(response, "drain", { signal });
}
