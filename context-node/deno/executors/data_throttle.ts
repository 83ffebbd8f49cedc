import { setTimeout as delay } from "node:timers/promises";

/** Maximum number of data requests of one sandbox in progress. At this number the node stops reading from the sandbox. */
const MAX_IN_FLIGHT = 64;

/** Size of the token bucket for requests to gateways, per sandbox, and number of tokens added per second. */
const BURST = 500;

/** Limits the concurrency and rate of data requests of one sandbox, across its executors. */
export interface DataThrottle {
  /** Counts a request as in progress until `work` settles. */
  track<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when one more request may be sent to gateways. After a burst, requests are spaced evenly. */
  waitForRate(): Promise<void>;
  /** Runs one list at a time: a list can have megabytes, and shares the session with all other messages from gateways. */
  list(work: () => Promise<readonly string[]>): Promise<readonly string[]>;
}

export function createDataThrottle(channel: { pause(): void; resume(): void }): DataThrottle {
  let inFlight = 0;
  /** Time at which the bucket is full again, on the clock of performance.now(). */
  let fullAt = 0;
  let lastList: Promise<unknown> = Promise.resolve();

  return {
    async track(work) {
      inFlight += 1;
      if (inFlight === MAX_IN_FLIGHT) channel.pause();
      try {
        return await work();
      } finally {
        inFlight -= 1;
        if (inFlight === MAX_IN_FLIGHT - 1) channel.resume();
      }
    },
    async waitForRate() {
      const now = performance.now();
      fullAt = Math.max(fullAt, now) + 1000 / BURST;
      const waitMs = fullAt - now - 1000;
      if (waitMs > 0) await delay(waitMs, undefined, { ref: false });
    },
    list(work) {
      const list = lastList.then(work);
      // The caller receives the failure; the next list runs regardless.
      lastList = list.then(
        () => {},
        () => {},
      );
      return list;
    },
  };
}
