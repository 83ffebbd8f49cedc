import { startTimer } from "../../lib/async/mod.ts";

/** Time beyond its timeout that a job may take before its own code is called, in milliseconds: its module may loop while it loads. */
const LOADING_ALLOWANCE_MS = 5_000;

interface Limits {
  /** Timeout of the job's own code in milliseconds; 0: none. */
  readonly timeoutMs: number;
  /** Timeout of loading, in milliseconds. */
  readonly loadTimeoutMs: number;
}

/** Time limits of an attempt, from its start. Disposal cancels them. */
export class Deadline implements Disposable {
  readonly #limits: Limits;
  readonly #passed: () => void;
  #hasBegun = false;
  #timer: Disposable | undefined;

  constructor(limits: Limits, passed: () => void) {
    this.#limits = limits;
    this.#passed = passed;
    this.#timer = startTimer(this.#loadMs, passed);
  }

  /** Called when the job's own code, `validate` or `run`, is called: its timeout starts with the first call. */
  begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#timer?.[Symbol.dispose]();
    const { timeoutMs } = this.#limits;
    this.#timer = timeoutMs > 0 ? startTimer(timeoutMs, this.#passed) : undefined;
  }

  /** Whether the job's own code was called. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** What exceeds its limit if it passes now, in words. */
  get overdue(): string {
    const { timeoutMs, loadTimeoutMs } = this.#limits;
    if (this.#hasBegun) return `The job ran longer than its timeout of ${timeoutMs} ms`;
    const limit =
      this.#loadMs === loadTimeoutMs
        ? "which is all that its node allows (node.loadTimeoutMs)"
        : "its timeout and what loading may take beyond it";
    return `The job was not loaded within ${this.#loadMs} ms, ${limit}`;
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  get #loadMs(): number {
    const { timeoutMs, loadTimeoutMs } = this.#limits;
    return timeoutMs > 0 ? Math.min(timeoutMs + LOADING_ALLOWANCE_MS, loadTimeoutMs) : loadTimeoutMs;
  }
}
