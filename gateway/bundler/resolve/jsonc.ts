/** A string, or a comment. An unclosed one extends to the end, so that each character is read once. */
const COMMENTS = /"[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|\\?$)|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;

/** A string, or a comma before a closing bracket. */
const TRAILING_COMMAS = /"[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|\\?$)|,(?=\s*[}\]])/g;

/** Parses JSON with comments and trailing commas, as in tsconfig.json and deno.jsonc. Returns undefined if it is invalid. */
export function parseJsonc(text: string): unknown {
  const keepStrings = (token: string) => (token.startsWith('"') ? token : " ");
  const json = text
    .replace(/^\ufeff/, "")
    .replace(COMMENTS, keepStrings)
    .replace(TRAILING_COMMAS, keepStrings);
  try {
    return JSON.parse(json);
  } catch {
    // A SyntaxError. The author's compiler reports it better.
    return undefined;
  }
}
