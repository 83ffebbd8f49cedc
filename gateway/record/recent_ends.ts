import type { Job } from "../../proto/mod.ts";

/** The oldest is forgotten when there are more. */
const REMEMBERED = 20_000;

/** Jobs that were found to be final lately: the second report of an end is told from the first without reading the store. */
export class RecentEnds {
  /** Whether they have a callback, by id. */
  readonly #callbacks = new Map<string, boolean>();

  add({ id, callbackUrl }: Job): void {
    this.#callbacks.set(id, callbackUrl !== "");
    if (this.#callbacks.size <= REMEMBERED) return;
    const [oldest = id] = this.#callbacks.keys();
    this.#callbacks.delete(oldest);
  }

  has(id: string): boolean {
    return this.#callbacks.has(id);
  }

  /** False also of a job that is not remembered. */
  wantsCallback(id: string): boolean {
    return this.#callbacks.get(id) ?? false;
  }
}
