import { HoconError, MAX_VALUES, tooManyValues } from "./hocon_error.ts";

const LINE_FEED = 10;
const INLINE_BLANK = /[^\S\n]+/y;
/** Blanks, line ends and comments. */
const GAP = /(?:\s+|(?:#|\/\/)[^\n]*)+/y;
const QUOTED = /"(?:[^"\\\n]|\\[^\n])*"/y;
const TRIPLE_QUOTED = /"""[\s\S]*?"""(?!")/y;

/** Walks a text from start to end and knows the line it is on. */
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

  /** Counts a value, a part of one or a key. Throws HoconError when there are too many. */
  countValue(cost = 1): void {
    this.#values += cost;
    if (this.#values > MAX_VALUES) throw tooManyValues(this.#line);
  }

  startsWith(text: string): boolean {
    return this.#text.startsWith(text, this.#position);
  }

  /** Takes what a sticky pattern matches here; empty when it does not match. */
  take(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const taken = pattern.exec(this.#text)?.[0] ?? "";
    this.#skip(taken.length);
    return taken;
  }

  /** Takes the text if it comes next. */
  takeText(text: string): boolean {
    if (!this.startsWith(text)) return false;
    this.#skip(text.length);
    return true;
  }

  /** Blanks up to the end of the line, as they are. */
  takeBlank(): string {
    return this.take(INLINE_BLANK);
  }

  /** Blanks, line ends and comments. Whether there was a line end. */
  skipGap(): boolean {
    const line = this.#line;
    this.take(GAP);
    return this.#line > line;
  }

  /** A string in quotes, with its escapes undone; in three quotes, as it is. */
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

/** Text in quotes that JSON has too, and that `JSON.parse` reads at a fraction of the time. */
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
