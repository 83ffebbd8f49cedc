import { createLazyTimer } from "./lazy_timer.ts";
import { queueMicrotask } from "./primordials.ts";

/** What can wait goes along with what cannot, or so much later. */
const LONGEST_HOLD_MS = 2;

/** Sends in batches, in order: what comes while a batch is on its way goes with the next one. */
export interface Outbox<Message> {
  post(message: Message): void;
  /** Posts what is in no hurry, to save a batch. */
  hold(message: Message): void;
}

/** `send` calls `sent` when it takes another batch. */
export function createOutbox<Message>(send: (messages: readonly Message[], sent: () => void) => void): Outbox<Message> {
  let waiting: Message[] = [];
  let sending = false;

  function flush(): void {
    sending = waiting.length > 0;
    if (!sending) return;
    const messages = waiting;
    waiting = [];
    send(messages, flush);
  }

  function flushSoon(): void {
    if (sending) return;
    sending = true;
    queueMicrotask(flush);
  }

  const flushLater = createLazyTimer(LONGEST_HOLD_MS, flushSoon);

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
