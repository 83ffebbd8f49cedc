import { startTimer } from "../../cluster/mod.ts";

/** Beyond its timeout, what a job may take before its own code is called: its program may loop while it is loaded. */
const LOADING_ALLOWANCE_MS = 5_000;

/** How long an attempt may take, from its start on; without a timeout for ever. Disposing it calls it off. */
export class Deadline implements Disposable {
  readonly #timeoutMs: number;
  readonly #passed: () => void;
  #hasBegun = false;
  #timer: Disposable | undefined;

  constructor(timeoutMs: number, passed: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#passed = passed;
    this.#arm();
  }

  /** The job's own code, `validate` or `run`, was called: its timeout counts from the first time that this is said. */
  begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#arm();
  }

  /** What took too long when it passes now, in words. */
  get overdue(): string {
    return this.#hasBegun
      ? `The job ran longer than its timeout of ${this.#limitMs} ms`
      : `The job was not loaded within ${this.#limitMs} ms, its timeout and what loading may take beyond it`;
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  get #limitMs(): number {
    return this.#timeoutMs + (this.#hasBegun ? 0 : LOADING_ALLOWANCE_MS);
  }

  #arm(): void {
    this.#timer?.[Symbol.dispose]();
    if (this.#timeoutMs > 0) this.#timer = startTimer(this.#limitMs, this.#passed);
  }
}
