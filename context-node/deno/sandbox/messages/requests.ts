import { mapDelete, mapGet, mapSet, NativeMap, NativePromise, own } from "../confinement/primordials.ts";

/** Numbers requests, and matches responses to them. */
export interface Requests<Response> {
  /** Calls `send` with a new number; resolves to the response with that number. The promise is safe to await. */
  ask(send: (request: number) => void): Promise<Response>;
  /** Resolves the request; does nothing if it is unknown. */
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
