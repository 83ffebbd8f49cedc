import type { Logger } from "pino";
import { type WatchedFiles, watchFiles } from "./watch_files.ts";

/** A value that may be replaced: read `current` for each use. */
export interface Current<Value> {
  readonly current: Value;
}

/** A value read from files, and read again when they change. If they become invalid, the last valid value stays. Disposing it stops the watch. */
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

  /** Calls `use` with each later value. */
  onChange(use: (value: Value) => void): void {
    this.#users.add(use);
  }

  [Symbol.dispose](): void {
    this.#watching[Symbol.dispose]();
    this.#users.clear();
  }
}
