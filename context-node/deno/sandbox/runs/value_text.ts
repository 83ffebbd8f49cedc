import { isArray, NativeDate, NativeError, slice, stringify, textOf } from "../confinement/primordials.ts";
import { MAX_TEXT_LENGTH } from "../messages/bounds.ts";

/** Longest string that an error quotes, in UTF-16 units. */
const MAX_QUOTED_LENGTH = 40;

/** Says what a value is, for the error about an argument of the wrong type. Calls no code of the job. */
export function describeKind(value: unknown): string {
  switch (typeof value) {
    case "string":
      return stringify(value.length > MAX_QUOTED_LENGTH ? `${slice(value, 0, MAX_QUOTED_LENGTH)}…` : value);
    case "bigint":
      return `the bigint ${textOf(value)}`;
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    case "object":
      return value === null ? "null" : kindOfObject(value);
    default:
      return textOf(value);
  }
}

function kindOfObject(value: object): string {
  if (isArray(value)) return "an array";
  if (value instanceof NativeError) return "an Error";
  return value instanceof NativeDate ? "a Date" : "an object";
}

/** A string as it is, and the text of a number, bigint or boolean. Undefined for what has no text of its own, such as an object. */
export function plainText(value: unknown): string | undefined {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "boolean":
    case "bigint":
      return textOf(value);
    default:
      return undefined;
  }
}

/** The text, shortened to what a report has room for. A notice at the end of a shortened text says how much is missing. */
export function cutText(text: string): string {
  return text.length <= MAX_TEXT_LENGTH
    ? text
    : `${slice(text, 0, MAX_TEXT_LENGTH)}… (${text.length - MAX_TEXT_LENGTH} more characters)`;
}
