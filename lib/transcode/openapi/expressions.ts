import { toEcmaPattern } from "./re2.ts";

/** One condition of a CEL expression on a string. */
const CONDITION =
  /^\s*(!?)this\.(matches|contains|startsWith|endsWith)\(\s*(r?)('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*\)\s*/s;

/** A regular expression that a string must match, or must not match anywhere. */
export interface TextPattern {
  readonly pattern: string;
  readonly isNegated: boolean;
}

/**
 * Converts a CEL rule of a string (https://github.com/google/cel-spec) to patterns that must all hold; undefined unless the rule only
 * requires that the string matches, contains, starts or ends with a constant.
 */
export function readPatterns(expression: string): TextPattern[] | undefined {
  const patterns: TextPattern[] = [];
  let rest = expression;
  for (;;) {
    const condition = CONDITION.exec(rest);
    if (condition === null) return undefined;
    const [whole, negation, name, raw, quoted = ""] = condition;
    const text = raw === "" ? readLiteral(quoted.slice(1, -1)) : quoted.slice(1, -1);
    const pattern = text === undefined ? undefined : patternOf(name ?? "", text);
    if (pattern === undefined) return undefined;
    patterns.push({ pattern, isNegated: negation === "!" });
    rest = rest.slice(whole.length);
    if (rest === "") return patterns;
    if (!rest.startsWith("&&")) return undefined;
    rest = rest.slice(2);
  }
}

function patternOf(name: string, text: string): string | undefined {
  if (name === "matches") return toEcmaPattern(text);
  const literal = literalPattern(text);
  return name === "contains" ? literal : name === "startsWith" ? `^${literal}` : `${literal}$`;
}

/** Matches a string literally. */
export function literalPattern(text: string): string {
  return [...text]
    .map((character) => {
      const code = character.charCodeAt(0);
      if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`;
      return /[\^$\\.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
    })
    .join("");
}

/** Combines patterns to one, by lookahead if there are several. */
export function joinPatterns(patterns: readonly TextPattern[]): string | undefined {
  const [first] = patterns;
  if (first === undefined) return undefined;
  if (patterns.length === 1 && !first.isNegated) return first.pattern;
  return `^${patterns.map(({ pattern, isNegated }) => `(?${isNegated ? "!" : "="}[\\s\\S]*(?:${pattern}))`).join("")}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" },
  ...{ "\\": "\\", "?": "?", '"': '"', "'": "'", "`": "`" },
};

/** The value of a CEL string literal; undefined for an invalid escape. */
function readLiteral(literal: string): string | undefined {
  let isKnown = true;
  const text = literal.replaceAll(
    /\\(?:[xX]([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-3][0-7]{2})|([\s\S]))/g,
    (_, byte, short, long, octal, character) => {
      const hex: string | undefined = byte ?? short ?? long;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      isKnown &&= character in ESCAPES;
      return ESCAPES[character] ?? "";
    },
  );
  return isKnown ? text : undefined;
}

/** Pairs of mutually exclusive fields by a CEL rule of a message; undefined for any other rule. */
export function readExclusion(expression: string): readonly [string, string] | undefined {
  const match = EXCLUSIONS.map((each) => each.exec(expression)).find((each) => each !== null);
  const [, one, other] = match?.filter((part) => part !== undefined) ?? [];
  return one === undefined || other === undefined ? undefined : [one, other];
}

const EXCLUSIONS = [
  /^!\(\s*(?:this\.|has\(this\.)(\w+)\)? && (?:this\.|has\(this\.)(\w+)\)?\s*\)$/,
  /^this\.(\w+) == '' \|\| !has\(this\.(\w+)\)$/,
  /^!has\(this\.(\w+)\) \|\| (?:!has\(this\.(\w+)\)|this\.(\w+) == '')$/,
];
