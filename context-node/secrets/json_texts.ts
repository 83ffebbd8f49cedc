const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

/**
 * Maps the texts (including keys) and numbers of a JSON text; a changed number becomes a text. The rest keeps its notation. Malformed JSON
 * is mapped as far as possible.
 */
export function mapTexts(json: string, change: (text: string) => string): string {
  let mapped = "";
  let copied = 0;
  for (const [start, end] of tokensOf(json)) {
    const token = json.slice(start, end);
    const text = token.startsWith('"') ? decoded(token.slice(1, -1)) : token;
    const result = change(text);
    if (result === text) continue;
    mapped += json.slice(copied, start) + JSON.stringify(result);
    copied = end;
  }
  return mapped + json.slice(copied);
}

/** Positions of the texts, with their quotation marks, and of the other words: numbers, true, false and null. */
function* tokensOf(json: string): Generator<readonly [start: number, end: number]> {
  const beginning = /[^\s,:{}[\]]/g;
  const word = /[^\s,:{}[\]"]+/y;
  for (let match = beginning.exec(json); match !== null; match = beginning.exec(json)) {
    const { index } = match;
    word.lastIndex = index;
    const end = match[0] === '"' ? endOfText(json, index) : index + (word.exec(json)?.[0].length ?? 1);
    yield [index, end];
    beginning.lastIndex = end;
  }
}

/** The position after the closing quotation mark of the text that begins here, or the end of the input. */
function endOfText(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); quote >= 0; quote = json.indexOf('"', quote + 1)) {
    let first = quote;
    while (json[first - 1] === "\\") first--;
    if ((quote - first) % 2 === 0) return quote + 1;
  }
  return json.length;
}

function decoded(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replaceAll(/\\(?:u([0-9A-Fa-f]{4})|(.))/gs, (_, hex: string | undefined, char: string) =>
    hex === undefined ? (ESCAPES[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
