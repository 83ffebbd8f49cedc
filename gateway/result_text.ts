import { isPlainJson } from "../lib/transcode/mod.ts";
import { hasInfinity, hasLoneSurrogate, MAX_NESTING, nestsDeeper } from "../proto/mod.ts";

/** The result of a job as text that is spliced into messages. Undefined where some JSON reader could not parse it. */
export function resultText(result: Uint8Array): string | undefined {
  const text = Buffer.from(result.buffer, result.byteOffset, result.length).toString();
  return isReadable(text, result) ? text : undefined;
}

function isReadable(text: string, bytes: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(text);
    if (isPlainJson(bytes, MAX_NESTING) && !text.includes("\\u")) return true;
    return !nestsDeeper(value) && !hasInfinity(value) && !hasLoneSurrogate(value);
  } catch {
    return false;
  }
}
