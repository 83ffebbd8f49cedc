import { startTimer } from "../../lib/async/mod.ts";
import type { ContextSettings } from "../../proto/node.ts";

type Duration = NonNullable<ContextSettings["maxAge"]>;

/** Time after which an ad hoc context without a job stops, in milliseconds. */
const AD_HOC_IDLE_MS = 60_000;

interface LifetimeDeps {
  /** Whether the context has jobs. */
  isBusy(): boolean;
  /** Called after the idle timeout, in milliseconds. */
  idle(timeoutMs: number): void;
  /** Called when the context has reached its age. */
  aged(): void;
}

/** Limits the age and the idle time of a context. Calls nothing after disposal. */
export class Lifetime implements Disposable {
  readonly #deps: LifetimeDeps;
  readonly #bornAt = performance.now();
  #idleSince = performance.now();
  #idle: Disposable | undefined;
  #age: Disposable | undefined;

  constructor(deps: LifetimeDeps) {
    this.#deps = deps;
  }

  /** Applies these limits from now on, instead of others. */
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

  /** The context was busy until now. */
  touch(): void {
    this.#idleSince = performance.now();
  }

  [Symbol.dispose](): void {
    this.#idle?.[Symbol.dispose]();
    this.#age?.[Symbol.dispose]();
  }

  /** One timer for all jobs: it checks again when the context could have been idle for long enough. */
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
