/** Percent-decoding by google/api/http.proto. All functions return undefined for malformed text. */

/** Decodes everything: single-segment variables, literals. */
export function decodeSegment(text: string): string | undefined {
  if (!isAscii(text)) {
    return undefined;
  }
  if (!text.includes("%")) {
    return text;
  }
  try {
    return decodeURIComponent(text);
  } catch {
    // A URIError, which has no further information.
    return undefined;
  }
}

/** Decodes everything but `%2F`, so that an encoded slash remains distinct from a real one: multi-segment variables. */
export function decodeSegments(segments: readonly string[]): string | undefined {
  const path = segments.join("/");
  if (!path.includes("%2")) {
    return decodeSegment(path);
  }
  const parts = path.split(/(%2F)/i).map((part, index) => (index % 2 === 1 ? part : decodeSegment(part)));
  return parts.includes(undefined) ? undefined : parts.join("");
}

/** Decodes a name or value of a query, where `+` is a space. */
export function decodeQueryPart(text: string): string | undefined {
  return decodeSegment(text.includes("+") ? text.replaceAll("+", " ") : text);
}

/** A request target must be ASCII; servers pass other characters through unchanged. */
function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0x7f) {
      return false;
    }
  }
  return true;
}
