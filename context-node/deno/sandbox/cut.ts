import { slice } from "./confinement/primordials.ts";
import { LONGEST_TEXT } from "./messages/bounds.ts";

/** A text that a report has room for. A longer one is cut, and says so. */
export function cut(text: string): string {
  return text.length <= LONGEST_TEXT
    ? text
    : `${slice(text, 0, LONGEST_TEXT)}… (${text.length - LONGEST_TEXT} more characters)`;
}
