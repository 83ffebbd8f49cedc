import { formsOf, jsonForm } from "./forms.ts";
import { mapTexts } from "./json_texts.ts";
import { createSearch, findAll, type Search } from "./search.ts";

/** Marks of truncation: the sandbox's, and that of Deno's console. */
const CUT = /… \(\d+ more characters\)|["'`]?\.\.\. \d+ more characters?/g;

/** An escape that `JSON.stringify` does not produce. */
const UNUSUAL_ESCAPE = /\\(?:\/|u(?!00(?:0[0-7bef]|1)|d[89a-f]))/i;

/** Longest text, in characters. Longer ones are truncated before the search. */
const LONGEST_TEXT = 1024 * 1024;

/** Longest JSON that is parsed, in characters. Longer ones would take seconds, and redaction could make them grow many times. */
const LONGEST_JSON = 8 * 1024 * 1024;

/** Redacts values of secrets: `[secret NAME]` replaces them. */
export interface Redactor {
  /** Also redacts a value that was truncated with its text. */
  text(text: string): string;
  /**
   * JSON stays JSON. A text replaces all of it when a value is spread over several of its texts or numbers, or when it has over 8 Mi
   * characters and contains a value.
   */
  json(json: string): string;
  /**
   * The same without spread values, for a part of a JSON text that is split between its texts and numbers. Throws when the part has over 8
   * Mi characters and contains a value.
   */
  jsonPart(json: string): string;
  /** For arbitrary bytes: a text with one character per byte. */
  readonly inBytes: ByteSearch;
}

interface ByteSearch {
  readonly search: Search;
  /** The replacement of a form. */
  markOf(form: string): string;
}

/** Undefined when there is nothing to redact. */
export function createRedactor(valuesByName: ReadonlyMap<string, readonly string[]>): Redactor | undefined {
  const marks = new Map<string, string>();
  for (const [name, values] of valuesByName) {
    for (const form of values.flatMap(formsOf)) marks.set(form, `[secret ${name}]`);
  }
  if (marks.size === 0) return undefined;
  const search = createSearch(marks.keys());
  const searchJson = createSearch(Array.from(marks.keys(), jsonForm));
  const markOf = (form: string): string => marks.get(form) ?? "";

  function replaced(given: string): string {
    let redacted = "";
    let at = 0;
    for (const { index, form } of findAll(search, given)) {
      redacted += given.slice(at, index) + markOf(form);
      at = index + form.length;
    }
    return withoutBegun(redacted + given.slice(at));
  }

  /** A text that was truncated within a value ends with the beginning of the value. */
  function withoutBegun(given: string): string {
    if (!given.includes(" more character")) return given;
    let redacted = "";
    let at = 0;
    for (const { index } of given.matchAll(CUT)) {
      const kept = given.slice(at, index);
      const begun = search.findBegun(kept);
      redacted += begun === undefined ? kept : kept.slice(0, begun.index) + markOf(begun.form);
      at = index;
    }
    return redacted + given.slice(at);
  }

  /** In the usual notation of JSON it is enough to search for the notation of the values. */
  function mayHave(json: string): boolean {
    return UNUSUAL_ESCAPE.test(json) || searchJson.next(json, 0) !== undefined;
  }

  function jsonPart(json: string): string {
    if (!mayHave(json)) return json;
    if (json.length <= LONGEST_JSON) return mapTexts(json, replaced);
    throw new Error(`A value of the result has a secret in it, and is over ${LONGEST_JSON} characters of JSON`);
  }

  return {
    text: (given) => replaced(cut(given)),
    jsonPart,
    json(json) {
      if (json.length > LONGEST_JSON && mayHave(json)) return JSON.stringify(`[secret ${[...valuesByName.keys()]}]`);
      const redacted = jsonPart(json);
      const spread = search.next(redacted.replaceAll(/\[secret [^\]]*\]/g, "\0"), 0);
      return spread === undefined ? redacted : JSON.stringify(markOf(spread.form));
    },
    inBytes: searchBytes(marks),
  };
}

function searchBytes(marks: ReadonlyMap<string, string>): ByteSearch {
  const inBytes = new Map(Array.from(marks, ([form, mark]) => [Buffer.from(form).toString("latin1"), mark]));
  return { search: createSearch(inBytes.keys()), markOf: (form) => inBytes.get(form) ?? "" };
}

function cut(text: string): string {
  if (text.length <= LONGEST_TEXT) return text;
  return `${text.slice(0, LONGEST_TEXT)}… (${text.length - LONGEST_TEXT} more characters)`;
}
