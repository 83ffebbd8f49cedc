/** What is shorter is not looked for: it would be found in texts that have nothing to do with it. */
const LEAST_BYTES = 6;

/**
 * How the value of a secret may be written: as it is, in JSON, in a URL, in base64 wherever it begins there, and each line of it.
 * Those of less than six bytes are left out.
 */
export function formsOf(value: string): string[] {
  const texts = [value, ...value.split("\n").map((line) => line.trim())];
  const forms = [...texts, ...texts.map(jsonForm), encodeURIComponent(value), ...base64Forms(value)];
  // Each form of something that is long enough is.
  return [...new Set(forms)].filter((form) => Buffer.byteLength(form) >= LEAST_BYTES && isLongEnough(value));
}

function isLongEnough(text: string): boolean {
  return Buffer.byteLength(text) >= LEAST_BYTES;
}

function jsonForm(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** The characters that are the value's alone, when 0, 1 or 2 bytes of something else share a group of three with its first. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
}
