/** Numbers requests, and finds who waits for an answer. */
export interface Requests<Answer> {
  /** Calls `send` with a new number; resolves to what is given for it. */
  ask(send: (request: number) => void): Promise<Answer>;
  /** Nothing when nobody waits for it. */
  answer(request: number, answer: Answer): void;
}

export function createRequests<Answer>(): Requests<Answer> {
  const waiting = new Map<number, (answer: Answer) => void>();
  let last = 0;
  return {
    ask(send) {
      last += 1;
      const request = last;
      return new Promise((resolve) => {
        waiting.set(request, resolve);
        send(request);
      });
    },
    answer(request, answer) {
      const resolve = waiting.get(request);
      waiting.delete(request);
      resolve?.(answer);
    },
  };
}
