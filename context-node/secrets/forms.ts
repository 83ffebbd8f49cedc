/** What is shorter is not looked for: it would be found in texts that have nothing to do with it. */
const LEAST_BYTES = 6;

/**
 * How the value of a secret may be written: as it is, in JSON, as a console writes it, in a URL, in base64 wherever it begins there,
 * and each line of it. None for one of less than six bytes.
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

/** How a text stands in JSON, without its quotation marks. */
export function jsonForm(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Where there are quotation marks in a text, a console takes others around it. */
function consoleForm(text: string): string {
  return jsonForm(text).replaceAll('\\"', '"');
}

/** The characters that are the value's alone, when 0, 1 or 2 bytes of something else share a group of three with its first. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
}
