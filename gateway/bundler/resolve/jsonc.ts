/** A string, or a comment. What is not closed ends with the text, so that each character is read once. */
const COMMENTS = /"[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|\\?$)|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;

/** A string, or a comma before a closing bracket. */
const TRAILING_COMMAS = /"[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|\\?$)|,(?=\s*[}\]])/g;

/** Parses JSON as tsconfig.json and deno.jsonc have it, with comments and trailing commas. Undefined when it is not that. */
export function parseJsonc(text: string): unknown {
  const keepStrings = (token: string) => (token.startsWith('"') ? token : " ");
  const json = text
    .replace(/^\ufeff/, "")
    .replace(COMMENTS, keepStrings)
    .replace(TRAILING_COMMAS, keepStrings);
  try {
    return JSON.parse(json);
  } catch {
    // A SyntaxError. The compilers of authors report it better.
    return undefined;
  }
}
