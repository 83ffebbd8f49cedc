/**
 * A string as a column of type text can hold it: PostgreSQL takes every character but U+0000. Different strings stay
 * different, and keep their order and their prefixes.
 */
export function textOf(value: string): string {
  return value.replaceAll("\u0001", "\u0001\u0002").replaceAll("\u0000", "\u0001\u0001");
}

/** The string that `textOf` made a text of. */
export function stringOf(text: string): string {
  // A run of U+0001 begins where a pair does, so pairs are found from the left.
  return text.replaceAll("\u0001\u0001", "\u0000").replaceAll("\u0001\u0002", "\u0001");
}
