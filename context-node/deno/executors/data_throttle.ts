import { setTimeout as delay } from "node:timers/promises";

/** Data requests of one sandbox that the node works on at a time; beyond them it reads nothing more from the sandbox. */
const MAX_IN_FLIGHT = 64;

/** Requests that the node passes on to gateways for one sandbox: this many at once, and as many a second. */
const BURST = 500;

/** Bounds what the data requests of one sandbox cost, whichever executor they come from. */
export interface DataThrottle {
  /** Counts a request until `work` settles. */
  track<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when one more request may be passed on to gateways: requests come evenly once a burst is used up. */
  waitForRate(): Promise<void>;
  /** Lists files after the list before: one can be megabytes, and shares the way to the node with all else that gateways send. */
  list(work: () => Promise<readonly string[]>): Promise<readonly string[]>;
}

export function createDataThrottle(channel: { pause(): void; resume(): void }): DataThrottle {
  let inFlight = 0;
  /** When the burst will be whole again, as performance.now() counts. */
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
      // Its failure is told to who asked for it; the next one is made all the same.
      lastList = list.then(
        () => {},
        () => {},
      );
      return list;
    },
  };
}
