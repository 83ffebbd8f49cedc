/** A text is not HOCON, or says more than is taken. The message has the form of Typesafe's config library. */
export class HoconError extends Error {
  override readonly name = "HoconError";
  /** From 1. */
  readonly line: number;
  readonly reason: string;

  constructor(line: number, reason: string) {
    super(`String: ${line}: ${reason}`);
    this.line = line;
    this.reason = reason;
  }
}

/** Objects, arrays and dotted keys inside each other, before and after substitution. */
export const MAX_DEPTH = 200;

/** What is nested too deep to be walked by functions that call themselves. */
export function tooDeep(line: number): HoconError {
  return new HoconError(line, `Nested deeper than ${MAX_DEPTH} levels`);
}
