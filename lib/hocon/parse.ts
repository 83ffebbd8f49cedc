import { HoconError, MAX_DEPTH, tooDeep } from "./hocon_error.ts";
import { Reader } from "./reader.ts";
import {
  type ArraySyntax,
  addField,
  type Blank,
  type KeyPath,
  type ObjectSyntax,
  type Scalar,
  type Substitution,
  type Syntax,
} from "./syntax.ts";

/** Unquoted text: no reserved character, no blank, no comment. */
const UNQUOTED = /(?:(?!\/\/)[^$"{}[\]:=,+#`^?!@*&\\\s])+/y;
const UNQUOTED_KEY = /(?:(?!\/\/)[^.$"{}[\]:=,+#`^?!@*&\\\s])+/y;
/** An include, in all its forms. `include` is a key only where it cannot be anything else. */
const INCLUDE = /include(?=[^\S\n]*["(]|[^\S\n]+(?:url|file|classpath|package|required)\b)/y;
const NUMBER = /[-0-9][0-9eE+.-]*/y;
/** Cost of each further word of a text, as a fraction of the cost of a value. */
const WORD_COST = 0.1;
const LITERALS: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/**
 * Parses HOCON (https://github.com/lightbend/config/blob/main/HOCON.md) without resolving substitutions. Rejects `include`. Throws
 * HoconError.
 */
export function parseSyntax(text: string): ObjectSyntax {
  const reader = new Reader(text);
  reader.skipGap();
  const root: ObjectSyntax = { type: "object", fields: new Map(), line: reader.line };
  if (reader.next === "[")
    throw new HoconError(reader.line, "A list is not an object: a config is one of keys and values");
  const isBraced = reader.takeText("{");
  readFields(reader, { object: root, end: isBraced ? "}" : "", depth: 1, path: { keys: [] } });
  reader.skipGap();
  if (reader.next !== "") throw unexpected(reader, "Nothing may follow the end of the config");
  return root;
}

interface ObjectBody {
  readonly object: ObjectSyntax;
  /** The closing character; empty for the end of the text. */
  readonly end: "}" | "";
  readonly depth: number;
  /** Path of the object; undefined inside a list. */
  readonly path: KeyPath | undefined;
}

function readFields(reader: Reader, body: ObjectBody): void {
  const { end } = body;
  reader.skipGap();
  while (reader.next !== end) {
    readField(reader, body);
    readSeparator(reader, end);
  }
  reader.takeText(end);
}

function readField(reader: Reader, { object, depth, path: above }: ObjectBody): void {
  const { line } = reader;
  if (reader.take(INCLUDE) !== "")
    throw new HoconError(line, "include is not allowed: a config holds all that it says");
  const keys = readPath(reader);
  if (depth + keys.length > MAX_DEPTH) throw tooDeep(line);
  reader.skipGap();
  const isAppended = reader.takeText("+=");
  if (!isAppended && !reader.takeText("=") && !reader.takeText(":") && reader.next !== "{") {
    throw unexpected(reader, `The key "${shown(keys)}" needs '=', ':' or '{' after it`);
  }
  reader.skipGap();
  const path = above && { above, keys };
  const value = readValue(reader, { depth: depth + keys.length, path });
  addAt(object, keys, isAppended ? { type: "appended", path, item: value, line } : value);
}

function addAt(object: ObjectSyntax, path: readonly string[], value: Syntax): void {
  const [key = "", ...rest] = path;
  const nested = rest.reduceRight<Syntax>(
    (inner, name) => ({ type: "object", fields: new Map([[name, [inner]]]), line: object.line }),
    value,
  );
  addField(object, key, nested);
}

/** A comma or a line end; both are optional before the end. */
function readSeparator(reader: Reader, end: "}" | "]" | ""): void {
  const isNewLine = reader.skipGap();
  if (reader.takeText(",")) {
    reader.skipGap();
    return;
  }
  if (isNewLine || reader.next === end) return;
  throw unexpected(reader, end === "" ? "Expected a comma or a line end" : `Expected a comma, a line end or '${end}'`);
}

/** Keys joined by dots. At least one. */
function readPath(reader: Reader): string[] {
  const { line } = reader;
  const path: string[] = [];
  do {
    reader.countValue();
    path.push(readKey(reader));
    if (path.length > MAX_DEPTH) throw tooDeep(line);
  } while (reader.takeText("."));
  return path;
}

/** Adjacent words, quoted or not, with the blanks between them. */
function readKey(reader: Reader): string {
  reader.takeBlank();
  let key = readKeyWord(reader);
  if (key === undefined) throw unexpected(reader, "Expected a key");
  for (;;) {
    const blank = reader.takeBlank();
    const word = readKeyWord(reader);
    if (word === undefined) return key;
    key += blank + word;
  }
}

function readKeyWord(reader: Reader): string | undefined {
  if (reader.next === '"') return reader.takeQuoted();
  return reader.take(UNQUOTED_KEY) || undefined;
}

interface Where {
  readonly depth: number;
  readonly path: KeyPath | undefined;
}

/** One value, or several adjacent ones. Stops before a separator or closing character. */
function readValue(reader: Reader, where: Where): Syntax {
  const { line } = reader;
  if (where.depth > MAX_DEPTH) throw tooDeep(line);
  const parts: (Syntax | Blank)[] = [];
  for (;;) {
    const text = reader.takeBlank();
    if (["", "\n", ",", "}", "]", "#"].includes(reader.next) || reader.startsWith("//")) break;
    if (parts.length > 0 && text !== "") parts.push({ type: "blank", text });
    const part = readPart(reader, where);
    reader.countValue(parts.length > 0 && part.type === "scalar" ? WORD_COST : 1);
    parts.push(part);
  }
  const [first] = parts;
  if (first === undefined) throw unexpected(reader, "Expected a value");
  if (parts.length === 1 && first.type !== "blank") return representable(first, line);
  return parts.every(isText) ? textOf(parts) : { type: "concatenation", parts, line };
}

/** Returns the value if JSON can represent it: Number() converts a number such as 1e400 to infinity. */
function representable(value: Syntax, line: number): Syntax {
  const isBeyond = value.type === "scalar" && (value.value === Infinity || value.value === -Infinity);
  if (!isBeyond) return value;
  throw new HoconError(
    line,
    `The number ${shown([value.text])} is too large: enclose it in double quotes to send it as text`,
  );
}

function isText(part: Syntax | Blank): part is Scalar | Blank {
  return part.type === "scalar" || part.type === "blank";
}

function textOf(parts: readonly (Scalar | Blank)[]): Scalar {
  const text = parts.map((part) => part.text).join("");
  return { type: "scalar", value: text, text };
}

function readPart(reader: Reader, { depth, path }: Where): Syntax {
  switch (reader.next) {
    case '"': {
      const text = reader.takeQuoted();
      return { type: "scalar", value: text, text };
    }
    case "{": {
      const object: ObjectSyntax = { type: "object", fields: new Map(), line: reader.line };
      reader.takeText("{");
      readFields(reader, { object, end: "}", depth: depth + 1, path });
      return object;
    }
    case "[":
      return readArray(reader, depth + 1);
    case "$":
      return readSubstitution(reader);
    default:
      return readUnquoted(reader);
  }
}

function readArray(reader: Reader, depth: number): ArraySyntax {
  const array: ArraySyntax = { type: "array", items: [], line: reader.line };
  reader.takeText("[");
  reader.skipGap();
  while (!reader.takeText("]")) {
    array.items.push(readValue(reader, { depth, path: undefined }));
    readSeparator(reader, "]");
  }
  return array;
}

function readSubstitution(reader: Reader): Substitution {
  const { line } = reader;
  if (!reader.takeText("${")) throw unexpected(reader, "Expected a value");
  const isOptional = reader.takeText("?");
  const path = readPath(reader);
  if (!reader.takeText("}")) throw unexpected(reader, "A substitution ends with '}'");
  return { type: "substitution", path, isOptional, line };
}

function readUnquoted(reader: Reader): Scalar {
  const { line } = reader;
  const digits = reader.take(NUMBER);
  if (digits !== "") {
    const number = Number(digits);
    if (Number.isFinite(number)) return { type: "scalar", value: number, text: digits };
    // The end of the value shows whether it is a number or the beginning of a text such as 12e4567f.
    if (!Number.isNaN(number)) return { type: "scalar", value: number, text: digits };
    if (digits.includes("+")) throw reserved("+", line);
    return { type: "scalar", value: digits, text: digits };
  }
  const text = reader.take(UNQUOTED);
  if (text === "") throw unexpected(reader, "Expected a value");
  const literal = LITERALS.get(text);
  return { type: "scalar", value: literal === undefined ? text : literal, text };
}

function unexpected(reader: Reader, expectation: string): HoconError {
  const { next, line } = reader;
  if (/[$`^?!@*&\\+]/.test(next)) return reserved(next, line);
  const found = next === "" ? "the end of the text" : next === "\n" ? "the end of the line" : `'${next}'`;
  return new HoconError(line, `${expectation}, but found ${found}`);
}

function reserved(character: string, line: number): HoconError {
  return new HoconError(
    line,
    `Reserved character '${character}' is not allowed outside quotes: enclose the key or value in double quotes`,
  );
}

function shown(path: readonly string[]): string {
  const text = path.join(".");
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
