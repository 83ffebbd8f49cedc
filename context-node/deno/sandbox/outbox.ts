/**
 * Sends in batches: what is posted while a batch is on its way goes with the next one, in order. `send` calls `sent` when it
 * takes another batch.
 */
export function createOutbox<Message>(
  send: (messages: readonly Message[], sent: () => void) => void,
): (message: Message) => void {
  let waiting: Message[] = [];
  let sending = false;

  function flush(): void {
    if (waiting.length === 0) {
      sending = false;
      return;
    }
    const messages = waiting;
    waiting = [];
    send(messages, flush);
  }

  return function post(message) {
    waiting.push(message);
    if (sending) return;
    sending = true;
    queueMicrotask(flush);
  };
}
