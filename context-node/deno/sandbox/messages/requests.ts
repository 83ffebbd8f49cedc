import { mapDelete, mapGet, mapSet, NativeMap, NativePromise, own } from "../confinement/primordials.ts";

/** Numbers requests, and finds who waits for an response. */
export interface Requests<Response> {
  /** Calls `send` with a new number; resolves to what is given for it. The promise is safe to await. */
  ask(send: (request: number) => void): Promise<Response>;
  /** Nothing when nobody waits for it. */
  settle(request: number, response: Response): void;
}

export function createRequests<Response>(): Requests<Response> {
  const waiting = new NativeMap<number, (response: Response) => void>();
  let last = 0;
  return {
    ask(send) {
      last += 1;
      const request = last;
      return own(
        new NativePromise<Response>((resolve) => {
          mapSet(waiting, request, resolve);
          send(request);
        }),
      );
    },
    settle(request, response) {
      const resolve = mapGet(waiting, request);
      mapDelete(waiting, request);
      resolve?.(response);
    },
  };
}
