import type { JsonValue } from "../hocon/mod.ts";
import { exception, Rejection } from "../http/answer.ts";
import { parseTexts } from "../settings.ts";
import { cannotParse } from "./config_body.ts";

/** Where a JVM could load more classes from. A program here brings all that it needs, so these are left out. */
const IGNORED_SCHEMES = new Set(["local", "file", "http", "https", "ftp"]);

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;

/** A list of the names of binaries and of URIs, as a text with commas or a list. */
export function parseClassPath(name: string, value: JsonValue | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  const elements = parseTexts(value);
  if (elements === undefined) throw cannotParse(`${name} must be a list of texts`);
  return elements;
}

/** The names of binaries in a class path. Throws the answer for a URI that nothing could be loaded from. */
export function binaryNames(elements: readonly string[], label: string): readonly string[] {
  return elements.filter((element) => {
    const [, scheme] = SCHEME.exec(element) ?? [];
    if (scheme === undefined) return true;
    if (!IGNORED_SCHEMES.has(scheme.toLowerCase())) throw malformedUrl(element, scheme, label);
    return false;
  });
}

/** Checks `dependent-jar-uris` of a context. */
export function checkUris(value: JsonValue | undefined, label: string): void {
  binaryNames(parseClassPath("dependent-jar-uris", value), label);
}

function malformedUrl(uri: string, scheme: string, label: string): Rejection {
  const message = `unknown protocol: ${scheme}`;
  const errorClass = "java.net.MalformedURLException";
  return new Rejection(exception(400, label, { message, errorClass, stack: `${errorClass}: ${message}\n\tat ${uri}` }));
}
