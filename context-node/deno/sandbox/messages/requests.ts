import { mapDelete, mapGet, mapSet, NativeMap, NativePromise, own } from "../confinement/primordials.ts";

/** Numbers requests, and finds who waits for an answer. */
export interface Requests<Answer> {
  /** Calls `send` with a new number; resolves to what is given for it. The promise is safe to await. */
  ask(send: (request: number) => void): Promise<Answer>;
  /** Nothing when nobody waits for it. */
  answer(request: number, answer: Answer): void;
}

export function createRequests<Answer>(): Requests<Answer> {
  const waiting = new NativeMap<number, (answer: Answer) => void>();
  let last = 0;
  return {
    ask(send) {
      last += 1;
      const request = last;
      return own(
        new NativePromise<Answer>((resolve) => {
          mapSet(waiting, request, resolve);
          send(request);
        }),
      );
    },
    answer(request, answer) {
      const resolve = mapGet(waiting, request);
      mapDelete(waiting, request);
      resolve?.(answer);
    },
  };
}
