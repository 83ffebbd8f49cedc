const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

/**
 * Changes the texts (keys too) and numbers of a JSON text; a number that was changed becomes a text. What was not changed stays
 * as it was written, and what is no JSON is changed as far as it goes.
 */
export function mapTexts(json: string, change: (text: string) => string): string {
  let mapped = "";
  for (let at = 0; at < json.length; ) {
    const start = json.indexOf('"', at);
    const between = start < 0 ? json.length : start;
    mapped += json.slice(at, between).replaceAll(/[^\s,:{}[\]]+/g, (token) => changed(token, token, change));
    if (start < 0) return mapped;
    at = endOfText(json, start);
    const token = json.slice(start, at);
    mapped += changed(token, decoded(token.slice(1, -1)), change);
  }
  return mapped;
}

/** The place behind the quotation mark that ends the text which begins here; the end of all when there is none. */
export function endOfText(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); quote >= 0; quote = json.indexOf('"', quote + 1)) {
    let first = quote;
    while (json[first - 1] === "\\") first--;
    if ((quote - first) % 2 === 0) return quote + 1;
  }
  return json.length;
}

function changed(token: string, text: string, change: (text: string) => string): string {
  const result = change(text);
  return result === text ? token : JSON.stringify(result);
}

function decoded(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replaceAll(/\\(?:u([0-9A-Fa-f]{4})|(.))/gs, (_, hex: string | undefined, char: string) =>
    hex === undefined ? (ESCAPES[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
