import type { JobObserver } from "../../runtime/mod.ts";

const NEWLINE = 10;
const BETWEEN_VALUES = Buffer.from(",\n");

/** Passes the streamed result of one run to its observer. */
export interface ResultParts {
  /** Resolves when the observer has taken the part. Rejects if it takes no more. */
  push(bytes: Buffer): Promise<void>;
  /** Resolves when the observer has taken all parts. Rejects with the error of a refused part. */
  end(): Promise<void>;
}

/** Passes parts on unchanged. */
export function plainParts(observer: Pick<JobObserver, "resultPart">): ResultParts {
  const taken: Promise<void>[] = [];
  return {
    push(bytes) {
      const each = observer.resultPart(bytes);
      taken.push(each);
      const forget = (): void => void taken.splice(taken.indexOf(each), 1);
      // A refused part stays, so that `end` rejects with it.
      each.then(forget, () => {});
      return each;
    },
    async end() {
      await Promise.all(taken);
    },
  };
}

/** Converts lines of JSON to one JSON array. */
export function arrayParts(observer: Pick<JobObserver, "resultPart">): ResultParts {
  const parts = plainParts(observer);
  let isBegun = false;
  /** Whether a line has just ended: a comma follows if another line does. */
  let isBetween = false;

  function convert(bytes: Buffer): Buffer {
    const pieces: Uint8Array[] = isBegun ? [] : [Buffer.from("[")];
    isBegun = true;
    for (let rest = bytes; rest.length > 0; ) {
      if (isBetween) pieces.push(BETWEEN_VALUES);
      const end = rest.indexOf(NEWLINE);
      isBetween = end !== -1;
      pieces.push(isBetween ? rest.subarray(0, end) : rest);
      rest = isBetween ? rest.subarray(end + 1) : rest.subarray(rest.length);
    }
    return Buffer.concat(pieces);
  }

  return {
    push: (bytes) => parts.push(convert(bytes)),
    async end() {
      await parts.push(Buffer.from(isBegun ? "]" : "[]"));
      await parts.end();
    },
  };
}
