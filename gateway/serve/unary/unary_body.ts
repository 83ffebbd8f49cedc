import type { HttpRequest } from "../../../lib/transcode/mod.ts";

/** The received part of a body. */
export interface BodyStart {
  readonly pieces: readonly Uint8Array[];
  /** False: more follows, and the request is paused. */
  readonly isWhole: boolean;
}

export const NOTHING_READ: BodyStart = { pieces: [], isWhole: false };

/** Reads a body up to a number of bytes. Resolves to undefined if the client leaves first. */
export function readBodyStart(request: HttpRequest, mostBytes: number): Promise<BodyStart | undefined> {
  return new Promise((resolve) => {
    const pieces: Uint8Array[] = [];
    let sizeBytes = 0;
    const stop = (start: BodyStart | undefined): void => {
      request.off("data", add);
      request.off("end", end);
      request.off("close", leave);
      resolve(start);
    };
    const add = (piece: Uint8Array): void => {
      pieces.push(piece);
      sizeBytes += piece.length;
      if (sizeBytes <= mostBytes) return;
      request.pause();
      stop({ pieces, isWhole: false });
    };
    const end = (): void => stop({ pieces, isWhole: true });
    const leave = (): void => stop(undefined);
    request.on("data", add);
    request.on("end", end);
    request.on("close", leave);
  });
}

/** The whole body, including what was read already. A consumer that stops early leaves the rest unread. */
export async function* resumeBody(request: HttpRequest, { pieces, isWhole }: BodyStart): AsyncGenerator<Uint8Array> {
  yield* pieces;
  // The response still needs the connection.
  if (!isWhole) yield* request.iterator({ destroyOnReturn: false });
}
