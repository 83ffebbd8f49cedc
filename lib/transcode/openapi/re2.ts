/** Escapes with the same meaning in both languages, outside and inside of classes. */
const SAME = new Set([..."dDwWfnrtv", ..."^$\\.*+?()[]{}|/-"]);

/** The meaning of `\s` in RE2: ASCII only. */
const SPACES = "\\t\\n\\f\\r ";

const POSIX: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7f",
  blank: "\\t ",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

/**
 * Converts an RE2 regular expression (https://github.com/google/re2/wiki/Syntax), as in rules of protos, to ECMA-262, as in JSON Schema;
 * undefined if there is no equivalent.
 */
export function toEcmaPattern(re2: string): string | undefined {
  let text = "";
  let inClass = false;
  for (let at = 0; at < re2.length; ) {
    const part = nextPart(re2.slice(at), inClass);
    if (part === undefined) return undefined;
    text += part.text;
    inClass = part.inClass ?? inClass;
    at += part.length;
  }
  return isPattern(text) ? text : undefined;
}

const CONTROL = /\p{Cc}/u;

interface Part {
  readonly text: string;
  /** Number of characters read. */
  readonly length: number;
  /** Whether a class continues after it; undefined: unchanged. */
  readonly inClass?: boolean;
}

function nextPart(rest: string, inClass: boolean): Part | undefined {
  const [character = ""] = rest;
  if (character === "\\") return readEscape(rest, inClass);
  if (CONTROL.test(character)) return { text: printCodePoint(character.charCodeAt(0)), length: 1 };
  if (inClass) return classPart(rest, character);
  if (character === "[") {
    // A leading bracket is part of the class.
    const [start = ""] = /^\[\^?\]?/.exec(rest) ?? [];
    return { text: start.replace("]", "\\]"), length: start.length, inClass: true };
  }
  if (character === ".") return { text: "[^\\n]", length: 1 };
  if (!rest.startsWith("(?")) return { text: character, length: character.length };
  const named = /^\(\?P?<(\w+)>/.exec(rest);
  if (named !== null) return { text: `(?<${named[1]}>`, length: named[0].length };
  return rest.startsWith("(?:") ? { text: "(?:", length: 3 } : undefined;
}

function classPart(rest: string, character: string): Part | undefined {
  if (character === "]") return { text: "]", length: 1, inClass: false };
  const posix = /^\[:(\w+):\]/.exec(rest);
  if (posix !== null) {
    const characters = POSIX[posix[1] ?? ""];
    return characters === undefined ? undefined : { text: characters, length: posix[0].length };
  }
  return { text: character === "[" ? "\\[" : character, length: character.length };
}

function readEscape(rest: string, inClass: boolean): Part | undefined {
  const hex = /^\\x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))/.exec(rest);
  if (hex !== null) return { text: printCodePoint(Number.parseInt(hex[1] ?? hex[2] ?? "", 16)), length: hex[0].length };
  const category = /^\\([pP])(?:\{(L|M|N|P|S|Z|C)([a-z]?)\}|([LMNPSZC]))/.exec(rest);
  if (category !== null) {
    const [whole, negation, name = "", kind = "", short = ""] = category;
    return { text: `\\${negation}{${name}${kind}${short}}`, length: whole.length };
  }
  const character = rest.charAt(1);
  const text = inClass ? IN_CLASS[character] : (OUTSIDE[character] ?? IN_CLASS[character]);
  if (text !== undefined) return { text, length: 2 };
  if (SAME.has(character)) return { text: `\\${character}`, length: 2 };
  return /^[^\w\s]$/.test(character) ? { text: character, length: 2 } : undefined;
}

const IN_CLASS: Readonly<Record<string, string>> = { a: "\\x07", s: SPACES };
const OUTSIDE: Readonly<Record<string, string>> = {
  ...{ A: "^", z: "$", b: "\\b", B: "\\B" },
  ...{ s: `[${SPACES}]`, S: `[^${SPACES}]` },
};

/** In a form that regular expressions of other languages support as well. */
function printCodePoint(code: number): string {
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, "0")}` : String.fromCodePoint(code);
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text, "u");
    return true;
  } catch {
    // A SyntaxError, which has no further information.
    return false;
  }
}
