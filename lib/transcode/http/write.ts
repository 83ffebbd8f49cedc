import { once } from "node:events";
import type { HttpResponse } from "./call.ts";

/**
 * Writes a chunk of a response; resolves when there is room for more. Rejects if the signal is aborted or the response fails. Leaves no
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
