import type { Logger } from "pino";
import { type WatchedFiles, watchFiles } from "./watch_files.ts";

/** A value that may be replaced while it is used: read `current` each time. */
export interface Current<Value> {
  readonly current: Value;
}

/** What is in files, as it was when they could last be used; they are read again when they change, until it is disposed. */
export class Reloaded<Value> implements Current<Value>, Disposable {
  #current: Value;
  readonly #users = new Set<(value: Value) => void>();
  readonly #watching: Disposable;

  /** Throws what `read` throws. */
  constructor(files: WatchedFiles, read: () => Value, options: { readonly log: Pick<Logger, "info" | "error"> }) {
    this.#current = read();
    this.#watching = watchFiles(
      files,
      () => {
        this.#current = read();
        for (const use of this.#users) use(this.#current);
      },
      options,
    );
  }

  get current(): Value {
    return this.#current;
  }

  /** Tells each value that comes after the current one. */
  onChange(use: (value: Value) => void): void {
    this.#users.add(use);
  }

  [Symbol.dispose](): void {
    this.#watching[Symbol.dispose]();
    this.#users.clear();
  }
}
