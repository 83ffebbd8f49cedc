/** So often a line tells of what strangers do, for each reason. */
const INTERVAL_MS = 60_000;

interface WarningLog {
  warn(fields: object, message: string): void;
}

/** Tells the log of strangers, who may try as often as they like. */
export class Complaints {
  readonly #log: WarningLog;
  /** When it was last told, by reason. */
  readonly #toldAt = new Map<string, number>();

  constructor({ log }: { readonly log: WarningLog }) {
    this.#log = log;
  }

  /** Logs a line, unless there was one for the same reason within a minute. Reasons are few: nothing of a stranger's is in them. */
  tell(reason: string, fields: object, message: string): void {
    const now = performance.now();
    if (now - (this.#toldAt.get(reason) ?? Number.NEGATIVE_INFINITY) < INTERVAL_MS) return;
    this.#toldAt.set(reason, now);
    this.#log.warn({ ...fields, reason }, message);
  }
}
