import { formsOf, jsonForm } from "./forms.ts";
import { mapTexts } from "./json_texts.ts";
import { createSearch, type Found } from "./search.ts";

/** Where a sandbox cut a text that was too long: its own mark, and that of Deno's console. */
const CUT = /… \(\d+ more characters\)|["'`]?\.\.\. \d+ more characters?/g;

/** An escape that `JSON.stringify` does not make. */
const UNUSUAL_ESCAPE = /\\(?:\/|u(?!00(?:0[0-7bef]|1)|d[89a-f]))/i;

/** Takes values of secrets out of texts: `[secret NAME]` stands in their place. */
export interface Redactor {
  /** Also of a value that was cut at its end because the text was too long. */
  text(text: string): string;
  /** JSON stays JSON. Where a value is spread over several texts or numbers of it, a text stands for all of it. */
  json(json: string): string;
  /** The same, but for values that are spread. For a part of a JSON text that is cut between its texts and numbers. */
  jsonPart(json: string): string;
  /** For bytes that may be anything: a text with one character a byte. */
  readonly inBytes: ByteSearch;
}

interface ByteSearch {
  find(latin1: string): (Found & { readonly mark: string })[];
  readonly longest: number;
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

  function text(given: string): string {
    let redacted = "";
    let at = 0;
    for (const { index, form } of search.find(given)) {
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

  function jsonPart(json: string): string {
    // Where JSON is written as usual, it is enough to look for values as they are written there.
    const isUsual = !UNUSUAL_ESCAPE.test(json);
    return isUsual && searchJson.find(json).length === 0 ? json : mapTexts(json, text);
  }

  return {
    text,
    jsonPart,
    json(json) {
      const redacted = jsonPart(json);
      const [spread] = search.find(redacted.replaceAll(/\[secret [^\]]*\]/g, "\0"));
      return spread === undefined ? redacted : JSON.stringify(markOf(spread.form));
    },
    inBytes: searchBytes(marks),
  };
}

function searchBytes(marks: ReadonlyMap<string, string>): ByteSearch {
  const inBytes = new Map(Array.from(marks, ([form, mark]) => [Buffer.from(form).toString("latin1"), mark]));
  const search = createSearch(inBytes.keys());
  return {
    find: (latin1) => search.find(latin1).map((found) => ({ ...found, mark: inBytes.get(found.form) ?? "" })),
    longest: search.longest,
  };
}
