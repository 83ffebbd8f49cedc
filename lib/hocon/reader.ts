import { HoconError, MAX_VALUES, tooManyValues } from "./hocon_error.ts";

const LINE_FEED = 10;
const INLINE_BLANK = /[^\S\n]+/y;
/** Blanks, line ends and comments. */
const GAP = /(?:\s+|(?:#|\/\/)[^\n]*)+/y;
const QUOTED = /"(?:[^"\\\n]|\\[^\n])*"/y;
const TRIPLE_QUOTED = /"""[\s\S]*?"""(?!")/y;

/** Reads a text from start to end and tracks the line number. */
export class Reader {
  readonly #text: string;
  #position = 0;
  #line = 1;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** From 1. */
  get line(): number {
    return this.#line;
  }

  /** The next character; empty at the end. */
  get next(): string {
    return this.#text.charAt(this.#position);
  }

  /** Counts a value, a part of one or a key. Throws HoconError beyond the limit. */
  countValue(cost = 1): void {
    this.#values += cost;
    if (this.#values > MAX_VALUES) throw tooManyValues(this.#line);
  }

  startsWith(text: string): boolean {
    return this.#text.startsWith(text, this.#position);
  }

  /** Consumes the match of a sticky pattern; empty if it does not match here. */
  take(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const taken = pattern.exec(this.#text)?.[0] ?? "";
    this.#skip(taken.length);
    return taken;
  }

  /** Consumes the text if it comes next. */
  takeText(text: string): boolean {
    if (!this.startsWith(text)) return false;
    this.#skip(text.length);
    return true;
  }

  /** Consumes the blanks up to the end of the line. */
  takeBlank(): string {
    return this.take(INLINE_BLANK);
  }

  /** Skips blanks, line ends and comments. Returns whether there was a line end. */
  skipGap(): boolean {
    const line = this.#line;
    this.take(GAP);
    return this.#line > line;
  }

  /** Consumes a quoted string with its escapes decoded; a triple-quoted one as it is. */
  takeQuoted(): string {
    const line = this.#line;
    if (this.startsWith('"""')) {
      const raw = this.take(TRIPLE_QUOTED);
      if (raw === "") throw new HoconError(line, 'A string in """ does not end');
      return raw.slice(3, -3);
    }
    const quoted = this.take(QUOTED);
    if (quoted === "") throw new HoconError(line, "A string in quotes does not end on its line");
    return unescaped(quoted, line);
  }

  #skip(length: number): void {
    const end = this.#position + length;
    for (; this.#position < end; this.#position += 1) {
      if (this.#text.charCodeAt(this.#position) === LINE_FEED) this.#line += 1;
    }
  }
}

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** A quoted string that is valid JSON, too: `JSON.parse` reads it in a fraction of the time. */
const JSON_TEXT = /^"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"$/u;

function unescaped(quoted: string, line: number): string {
  if (JSON_TEXT.test(quoted)) return JSON.parse(quoted);
  return quoted.slice(1, -1).replace(/\\(u[0-9a-fA-F]{4}|["\\/bfnrt]|[\s\S])/g, (sequence, body: string) => {
    if (body.length > 1) return String.fromCharCode(Number.parseInt(body.slice(1), 16));
    if (/["\\/]/.test(body)) return body;
    const character = ESCAPES[body];
    if (character === undefined) throw new HoconError(line, `The escape ${sequence} is not known`);
    return character;
  });
}
