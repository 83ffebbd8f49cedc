import { readFileSync } from "node:fs";

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * The text of a file that people write, however their editor saves it: UTF-8, without its byte order mark and with `\n` at the end of lines.
 * Throws for any other encoding.
 */
export function decodeText(content: Uint8Array): string {
  refuseUtf16(content);
  try {
    return decoder.decode(content).replaceAll("\r\n", "\n");
  } catch (cause) {
    throw new Error("it is not UTF-8 text", { cause });
  }
}

/** Reads a file as `decodeText` does. */
export function readText(path: string): string {
  return decodeText(readFileSync(path));
}

/** Throws for UTF-16, by its byte order mark or by a zero byte beside each ASCII character. */
export function refuseUtf16(content: Uint8Array): void {
  const [first, second] = content;
  const hasMark = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (hasMark || (content.length > 1 && (first === 0) !== (second === 0))) {
    throw new Error("it is UTF-16; save it as UTF-8");
  }
}
