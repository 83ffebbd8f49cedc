import { monitorEventLoopDelay } from "node:perf_hooks";

/** Interval between samples, in milliseconds. A late sample shows the delay. */
const RESOLUTION_MS = 10;

/** Length of a window, in milliseconds. Values cover the last one to two windows. Reading them resets nothing, as anyone may read. */
const WINDOW_MS = 30_000;

const NANOSECONDS = 1e9;

/** Delay of the event loop, in seconds. */
export interface Delays {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Measures for how long the event loop of this process is blocked. */
export class LoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #previous: Delays | undefined;
  readonly #timer = setInterval(() => this.#turn(), WINDOW_MS).unref();

  constructor() {
    this.#histogram.enable();
  }

  read(): Delays {
    const now = this.#current();
    const before = this.#previous ?? now;
    return {
      p50: Math.max(now.p50, before.p50),
      p99: Math.max(now.p99, before.p99),
      max: Math.max(now.max, before.max),
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  #turn(): void {
    this.#previous = this.#current();
    this.#histogram.reset();
  }

  #current(): Delays {
    const { max } = this.#histogram;
    const late = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1000);
    return { p50: late(this.#histogram.percentile(50)), p99: late(this.#histogram.percentile(99)), max: late(max) };
  }
}
