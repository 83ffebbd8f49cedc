import { hasInfinity, hasLoneSurrogate, nestsDeeper } from "../../proto/node.ts";

/** Whether it goes into an event: as a message it can be written, and be read by all, as it is. */
export function isPlain(value: unknown): boolean {
  return !nestsDeeper(value) && !hasInfinity(value) && !hasLoneSurrogate(value);
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
