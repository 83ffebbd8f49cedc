/** The text is not valid HOCON, or exceeds a limit. The message has the format of Typesafe's config library. */
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

/** Maximum nesting of objects, arrays and dotted keys, before and after substitution. */
export const MAX_DEPTH = 200;

/**
 * Maximum number of values, parts of values and keys in a config, before and after substitution. Reading and resolving one was measured to
 * take 3 to 5 µs of processor time: this many block the event loop for less than 50 ms.
 */
export const MAX_VALUES = 10_000;

export function tooManyValues(line: number): HoconError {
  return new HoconError(line, `The config has more than ${MAX_VALUES} values and keys`);
}

/** Error for nesting that would overflow the stack of recursive functions. */
export function tooDeep(line: number): HoconError {
  return new HoconError(line, `Nested deeper than ${MAX_DEPTH} levels`);
}
