import type { JobObserver } from "../../runtime/mod.ts";

const NEWLINE = 10;
const BETWEEN_VALUES = Buffer.from(",\n");

/** The streamed result of one run, on its way to whoever observes it. */
export interface ResultParts {
  /** Resolves when the part is taken. Rejects when no more is. */
  push(bytes: Buffer): Promise<void>;
  /** Resolves when all that was pushed is taken, and the end with it; rejects with what a part was refused with. */
  end(): Promise<void>;
}

/** Passes parts on as they are. */
export function plainParts(observer: Pick<JobObserver, "resultPart">): ResultParts {
  const taken: Promise<void>[] = [];
  return {
    push(bytes) {
      const each = observer.resultPart(bytes);
      taken.push(each);
      const forget = (): void => void taken.splice(taken.indexOf(each), 1);
      // What is refused stays: `end` is refused with it.
      each.then(forget, () => {});
      return each;
    },
    async end() {
      await Promise.all(taken);
    },
  };
}

/** Makes one JSON array of lines that are a JSON value each. */
export function arrayParts(observer: Pick<JobObserver, "resultPart">): ResultParts {
  const parts = plainParts(observer);
  let isBegun = false;
  /** The line before is complete; whether it was the last is not known yet. */
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
