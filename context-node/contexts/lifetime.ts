import { startTimer } from "../../lib/async/mod.ts";
import type { ContextSettings } from "../../proto/node.ts";

type Duration = NonNullable<ContextSettings["maxAge"]>;

/** A context made for one job whose job never comes is stopped after this. */
const AD_HOC_IDLE_MS = 60_000;

interface LifetimeDeps {
  /** Whether the context has jobs. */
  isBusy(): boolean;
  /** It had none for as long as it may, in milliseconds. */
  idle(timeoutMs: number): void;
  /** It has lived for as long as it takes jobs. */
  aged(): void;
}

/** How long a context may live, and be idle. Nothing is called after it was disposed. */
export class Lifetime implements Disposable {
  readonly #deps: LifetimeDeps;
  readonly #bornAt = performance.now();
  #idleSince = performance.now();
  #idle: Disposable | undefined;
  #age: Disposable | undefined;

  constructor(deps: LifetimeDeps) {
    this.#deps = deps;
  }

  /** Looks after these limits from now on, in the place of others. */
  watch(
    { idleTimeout, maxAge }: Pick<ContextSettings, "idleTimeout" | "maxAge">,
    { isAdHoc }: { isAdHoc: boolean },
  ): void {
    this[Symbol.dispose]();
    this.touch();
    const idleMs = idleTimeout === undefined ? AD_HOC_IDLE_MS : toMs(idleTimeout);
    if (idleTimeout !== undefined || isAdHoc) this.#watchIdle(idleMs);
    if (maxAge === undefined) return;
    const leftMs = Math.max(0, toMs(maxAge) - (performance.now() - this.#bornAt));
    this.#age = startTimer(leftMs, () => this.#deps.aged());
  }

  /** It was not idle until now. */
  touch(): void {
    this.#idleSince = performance.now();
  }

  [Symbol.dispose](): void {
    this.#idle?.[Symbol.dispose]();
    this.#age?.[Symbol.dispose]();
  }

  /** One timer for all jobs: it looks again when the context would have been idle for long enough. */
  #watchIdle(timeoutMs: number, delayMs = timeoutMs): void {
    this.#idle = startTimer(delayMs, () => {
      const idleMs = this.#deps.isBusy() ? 0 : performance.now() - this.#idleSince;
      if (idleMs < timeoutMs) return this.#watchIdle(timeoutMs, timeoutMs - idleMs);
      this.#deps.idle(timeoutMs);
    });
  }
}

function toMs({ seconds, nanos }: Duration): number {
  return seconds * 1000 + nanos / 1e6;
}
