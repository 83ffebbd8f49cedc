import { formsOf, jsonForm } from "./forms.ts";
import { mapTexts } from "./json_texts.ts";
import { createSearch, findAll, type Search } from "./search.ts";

/** Where a sandbox cut a text that was too long: its own mark, and that of Deno's console. */
const CUT = /… \(\d+ more characters\)|["'`]?\.\.\. \d+ more characters?/g;

/** An escape that `JSON.stringify` does not make. */
const UNUSUAL_ESCAPE = /\\(?:\/|u(?!00(?:0[0-7bef]|1)|d[89a-f]))/i;

/** Nobody is told more of one text: what is longer is cut before it is looked at. */
const LONGEST_TEXT = 1024 * 1024;

/** JSON that is longer is not taken apart: that would take seconds, and a job could make it grow many times. */
const LONGEST_JSON = 8 * 1024 * 1024;

/** Takes values of secrets out of texts: `[secret NAME]` stands in their place. */
export interface Redactor {
  /** Also of a value that was cut at its end because the text was too long. */
  text(text: string): string;
  /**
   * JSON stays JSON. A text stands for all of it where a value is spread over several of its texts or numbers, and where it is over
   * 8 Mi characters with a value in it.
   */
  json(json: string): string;
  /**
   * The same, but for values that are spread. For a part of a JSON text that is cut between its texts and numbers. Throws when the
   * part is over 8 Mi characters with a value in it.
   */
  jsonPart(json: string): string;
  /** For bytes that may be anything: a text with one character a byte. */
  readonly inBytes: ByteSearch;
}

interface ByteSearch {
  readonly search: Search;
  /** What takes the place of a form. */
  markOf(form: string): string;
}

/** Undefined when there is nothing to look for. */
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

  /** What was cut in the middle of a value shows how it begins. */
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

  /** Where JSON is written as usual, it is enough to look for values as they are written there. */
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
