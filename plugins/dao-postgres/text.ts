/**
 * A string as a column of type text can hold it: PostgreSQL takes every character but U+0000. Different strings stay
 * different, and keep their order and their prefixes.
 */
export function textOf(value: string): string {
  return value.replaceAll("\u0001", "\u0001\u0002").replaceAll("\u0000", "\u0001\u0001");
}
