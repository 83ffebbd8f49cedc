/** A string, or what JSON lacks: comments, and commas before a closing bracket. */
const TOKENS = /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*[}\]])/g;

/** Parses JSON as tsconfig.json and deno.jsonc have it, with comments and trailing commas. Undefined when it is not that. */
export function parseJsonc(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, "").replace(TOKENS, (token) => (token.startsWith('"') ? token : " ")));
  } catch {
    // A SyntaxError. The compilers of authors report it better.
    return undefined;
  }
}
