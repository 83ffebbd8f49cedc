import { queueMicrotask } from "../confinement/primordials.ts";
import { createLazyTimer } from "../timers/lazy_timer.ts";
import { BATCH_WEIGHT, MAX_IN_BATCH } from "./bounds.ts";

/** Maximum time that a held message waits for an urgent one, in milliseconds. */
const MAX_HOLD_MS = 2;

/** Sends messages in batches, in order. Messages posted while a batch is being sent go into the next batch. */
export interface Outbox<Message> {
  post(message: Message): void;
  /** Posts a message that may wait for the next batch. */
  hold(message: Message): void;
}

interface OutboxOptions<Message> {
  /** Returns the weight of a message in its batch; by default, all waiting messages form one batch. */
  weigh?(message: Message): number;
}

/** `send` calls `sent` when it can accept another batch. */
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
