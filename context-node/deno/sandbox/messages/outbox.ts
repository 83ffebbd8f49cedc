import { queueMicrotask } from "../confinement/primordials.ts";
import { createLazyTimer } from "../timers/lazy_timer.ts";
import { BATCH_WEIGHT, MAX_IN_BATCH } from "./bounds.ts";

/** What can wait goes along with what cannot, or so much later. */
const MAX_HOLD_MS = 2;

/** Sends in batches, in order: what comes while a batch is on its way goes with the next one. */
export interface Outbox<Message> {
  post(message: Message): void;
  /** Posts what is in no hurry, to save a batch. */
  hold(message: Message): void;
}

interface OutboxOptions<Message> {
  /** What a message adds to its batch; by default all that waits goes in one batch. */
  weigh?(message: Message): number;
}

/** `send` calls `sent` when it takes another batch. */
export function createOutbox<Message>(
  send: (messages: readonly Message[], sent: () => void) => void,
  { weigh }: OutboxOptions<Message> = {},
): Outbox<Message> {
  let waiting: Message[] = [];
  let sending = false;

  function flush(): void {
    sending = waiting.length > 0;
    if (!sending) return;
    send(takeBatch(), flush);
  }

  function takeBatch(): readonly Message[] {
    let length = waiting.length;
    if (weigh !== undefined) {
      length = 0;
      for (let weight = 0; length < waiting.length && length < MAX_IN_BATCH && weight < BATCH_WEIGHT; length++) {
        weight += weigh(waiting[length] as Message);
      }
    }
    const batch = length === waiting.length ? waiting : waiting.slice(0, length);
    waiting = length === waiting.length ? [] : waiting.slice(length);
    return batch;
  }

  function flushSoon(): void {
    if (sending) return;
    sending = true;
    queueMicrotask(flush);
  }

  const flushLater = createLazyTimer(MAX_HOLD_MS, flushSoon);

  return {
    post(message) {
      waiting.push(message);
      flushSoon();
    },
    hold(message) {
      waiting.push(message);
      flushLater();
    },
  };
}
