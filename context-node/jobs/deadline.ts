import { startTimer } from "../../lib/async/mod.ts";

/** Beyond its timeout, what a job may take before its own code is called: its program may loop while it is loaded. */
const LOADING_ALLOWANCE_MS = 5_000;

interface Limits {
  /** Of the job's own code; 0: none. */
  readonly timeoutMs: number;
  /** Of what comes before. */
  readonly loadTimeoutMs: number;
}

/** How long an attempt may take, from its start on. Disposing it cancels it. */
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

  /** The job's own code, `validate` or `run`, was called: its timeout counts from the first time that this is said. */
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

  /** What took too long when it passes now, in words. */
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
