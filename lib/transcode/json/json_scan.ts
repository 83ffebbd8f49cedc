const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const LARGE_E = 0x45;
const SMALL_E = 0x65;

/**
 * Counts the values and names in a JSON text, chunk by chunk as it arrives, at about a nanosecond per byte: the cost of decoding depends on
 * them more than on the size. The count is meaningless for invalid JSON.
 */
export class JsonCounter {
  /** Number of values, including containers, and member names. */
  count = 1;
  #isInText = false;
  #isEscaped = false;
  /** Whether the last significant byte opened a container, which is empty if the next one closes it. */
  #isOpened = false;

  add(chunk: Uint8Array): void {
    let [count, isInText, isEscaped, isOpened] = [this.count, this.#isInText, this.#isEscaped, this.#isOpened];
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index] as number;
      if (isInText) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) isInText = false;
        continue;
      }
      if (byte <= SPACE) continue;
      switch (byte) {
        case QUOTE:
          isInText = true;
          isOpened = false;
          break;
        case COMMA:
        case COLON:
          count += 1;
          isOpened = false;
          break;
        case OPEN_ARRAY:
        case OPEN_OBJECT:
          count += 1;
          isOpened = true;
          break;
        case CLOSE_ARRAY:
        case CLOSE_OBJECT:
          if (isOpened) count -= 1;
          isOpened = false;
          break;
        default:
          isOpened = false;
      }
    }
    this.count = count;
    this.#isInText = isInText;
    this.#isEscaped = isEscaped;
    this.#isOpened = isOpened;
  }
}

/** The number of values and names in a JSON text. */
export function countJson(text: Uint8Array): number {
  const counter = new JsonCounter();
  counter.add(text);
  return counter.count;
}

/**
 * Finds a name that an object in a JSON text has twice; undefined if there is none. `json` is the parsed text: `JSON.parse` silently keeps
 * the last of them. protobuf-es has the same check, but takes up to 60 times as long for long texts.
 */
export function findDuplicateName(text: Buffer, json: unknown): string | undefined {
  return countNames(json) === countColons(text) ? undefined : searchDuplicateName(text);
}

function countNames(json: unknown): number {
  if (typeof json !== "object" || json === null) return 0;
  let count = 0;
  if (Array.isArray(json)) {
    for (const item of json) count += countNames(item);
    return count;
  }
  const values = Object.values(json);
  for (const value of values) count += countNames(value);
  return count + values.length;
}

/** One colon follows each name. */
function countColons(text: Buffer): number {
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === QUOTE) index = endOfText(text, index);
    else if (text[index] === COLON) count += 1;
  }
  return count;
}

function searchDuplicateName(text: Buffer): string | undefined {
  /** The names in each open object; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let isNameNext = false;
  for (let index = 0; index < text.length; index++) {
    switch (text[index]) {
      case OPEN_OBJECT:
        open.push(new Set());
        isNameNext = true;
        break;
      case OPEN_ARRAY:
        open.push(undefined);
        isNameNext = false;
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        open.pop();
        isNameNext = false;
        break;
      case COMMA:
        isNameNext = open.at(-1) !== undefined;
        break;
      case COLON:
        isNameNext = false;
        break;
      case QUOTE: {
        const end = endOfText(text, index);
        const names = open.at(-1);
        if (isNameNext && names !== undefined) {
          const name = textBetween(text, index, end);
          if (names.has(name)) return name;
          names.add(name);
        }
        index = end;
        break;
      }
      default:
    }
  }
  return undefined;
}

/** Index of the quote that ends the string which begins at `start`. */
function endOfText(text: Uint8Array, start: number): number {
  let index = start + 1;
  while (index < text.length && text[index] !== QUOTE) index += text[index] === BACKSLASH ? 2 : 1;
  return index;
}

/** The string between two quotes. */
function textBetween(text: Buffer, start: number, end: number): string {
  const raw = text.toString("utf8", start + 1, end);
  return raw.includes("\\") ? JSON.parse(`"${raw}"`) : raw;
}

/**
 * Index of the first byte of a member's value in the object that begins at `start`; undefined if the object has no such name, or writes it
 * with escapes.
 */
export function findMember(text: Buffer, start: number, name: string): number | undefined {
  let index = skipSpace(text, start + 1);
  while (text[index] === QUOTE) {
    const end = endOfText(text, index);
    const isIt = text.toString("utf8", index + 1, end) === name;
    // After the colon.
    const value = skipSpace(text, skipSpace(text, end + 1) + 1);
    if (isIt) return value;
    index = skipSpace(text, endOfValue(text, value));
    if (text[index] !== COMMA) return undefined;
    index = skipSpace(text, index + 1);
  }
  return undefined;
}

/** Index after the last byte of the value that begins at `start`. */
export function endOfValue(text: Uint8Array, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length; index++) {
    const byte = text[index];
    if (byte === QUOTE) index = endOfText(text, index);
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth -= 1;
    else if (byte !== COMMA || depth > 0) continue;
    // A number or literal ends at the separator or end of its container.
    if (depth < 0 || byte === COMMA) return index;
    if (depth === 0) return index + 1;
  }
  return text.length;
}

/** Number of digits that surely stays below the greatest double. */
const PLAIN_DIGITS = 300;

/**
 * Whether a JSON text nests no deeper than `levels`, and its numbers are surely within the range of a double: without exponent, and not
 * hundreds of digits long.
 */
export function isPlainJson(text: Uint8Array, levels: number): boolean {
  let [depth, digits] = [0, 0];
  for (let index = 0; index < text.length; index++) {
    const byte = text[index] as number;
    if (byte >= ZERO && byte <= NINE) {
      digits += 1;
      continue;
    }
    // `true` and `false` have no digit before their "e".
    const isExponent = digits > 0 && (byte === SMALL_E || byte === LARGE_E);
    if (isExponent || digits > PLAIN_DIGITS || depth > levels) return false;
    digits = 0;
    if (byte === QUOTE) index = endOfText(text, index);
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth -= 1;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
  }
  return digits <= PLAIN_DIGITS && depth <= levels;
}

function skipSpace(text: Uint8Array, start: number): number {
  let index = start;
  while (index < text.length && (text[index] as number) <= SPACE) index += 1;
  return index;
}
