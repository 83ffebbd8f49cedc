import type { Logger } from "pino";

/** Interval between attempts to publish what waits, in milliseconds. */
const RETRY_INTERVAL_MS = 1000;

/** Events that may wait; the oldest of more is dropped. */
const MOST_WAITING = 10_000;

/** Events that are published at a time. */
const AT_A_TIME = 50;

/**
 * Publishes what is in the record already and could not be published at once, until the stream has it. What waits is lost with the process:
 * the record has it. Disposing it gives up.
 */
export interface Outbox extends AsyncDisposable {
  add(publish: () => Promise<void>): void;
}

export function startOutbox({ log }: { readonly log: Pick<Logger, "info" | "warn"> }): Outbox {
  const waiting = new Set<() => Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let publishing = Promise.resolve();
  let isClosed = false;

  const schedule = (): void => {
    if (timer !== undefined || isClosed) return;
    timer = setTimeout(() => {
      publishing = publishSome().then(() => {
        timer = undefined;
        if (waiting.size > 0) schedule();
        else log.info("events that waited are published");
      });
    }, RETRY_INTERVAL_MS);
  };

  const publishSome = async (): Promise<void> => {
    for (const some of chunks([...waiting])) {
      const outcomes = await Promise.allSettled(some.map((publish) => publish()));
      for (const [index, publish] of some.entries())
        if (outcomes[index]?.status === "fulfilled") waiting.delete(publish);
      if (isClosed || outcomes.every(({ status }) => status === "rejected")) return;
    }
  };

  return {
    add(publish) {
      const [oldest] = waiting;
      if (waiting.size >= MOST_WAITING && oldest !== undefined) {
        waiting.delete(oldest);
        log.warn("too many events wait for NATS; the oldest is not published");
      }
      if (waiting.size === 0) log.warn("events wait for NATS");
      waiting.add(publish);
      schedule();
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearTimeout(timer);
      await publishing;
    },
  };
}

function* chunks<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += AT_A_TIME) yield items.slice(start, start + AT_A_TIME);
}
