/** Shortest value that is redacted, in bytes. Shorter ones occur in unrelated texts. */
const LEAST_BYTES = 6;

/**
 * The forms of a value: plain, in JSON, as printed by a console, in a URL, in base64 at any offset, and each of its lines. None for values
 * below the minimum.
 */
export function formsOf(value: string): string[] {
  const texts = [value, ...value.split("\n").map((line) => line.trim())];
  const escaped = texts.flatMap((text) => [jsonForm(text), consoleForm(text)]);
  const forms = [...texts, ...escaped, encodeURIComponent(value), ...base64Forms(value)];
  return isLongEnough(value) ? [...new Set(forms)].filter(isLongEnough) : [];
}

function isLongEnough(text: string): boolean {
  return Buffer.byteLength(text) >= LEAST_BYTES;
}

/** A text in JSON, without its quotation marks. */
export function jsonForm(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Consoles choose other quotation marks when a text contains some. */
function consoleForm(text: string): string {
  return jsonForm(text).replaceAll('\\"', '"');
}

/** The base64 characters that depend on the value alone, when 0, 1 or 2 other bytes precede it in a group of three. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
}
