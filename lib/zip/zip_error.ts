/** An archive is not readable. `what` follows the name of the kind of archive: `is damaged: it has no end`. */
export class ZipError extends Error {
  override readonly name = "ZipError";
  readonly what: string;

  constructor(what: string, options?: ErrorOptions) {
    super(`The zip archive ${what}`, options);
    this.what = what;
  }
}

export function damaged(why: string, options?: ErrorOptions): ZipError {
  return new ZipError(`is damaged: ${why}`, options);
}

/** The name of an entry for messages. */
export function shownName(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}
