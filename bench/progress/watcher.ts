import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";

const NEWLINE = 10;

/** Somebody who watches a job by `GET /v1/jobs/{id}/events`. Disposing it leaves. */
export interface Watcher extends Disposable {
  /** Events that have arrived. */
  readonly events: number;
  /** Resolves when the stream has ended; rejects when it broke off. */
  readonly ended: Promise<void>;
}

/** Resolves when the answer has begun. `stops`: reads nothing of it. */
export async function watch(url: string, jobId: string, { stops = false } = {}): Promise<Watcher> {
  const request = get(`${url}/v1/jobs/${jobId}/events`);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const ended = Promise.withResolvers<void>();
  let events = 0;
  response.on("end", ended.resolve);
  response.on("error", ended.reject);
  if (!stops) {
    response.on("data", (chunk: Buffer) => {
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) events += 1;
    });
  }
  // Nobody waits for one that is left.
  ended.promise.catch(() => {});
  return {
    get events() {
      return events;
    },
    ended: ended.promise,
    [Symbol.dispose]: () => void request.destroy(),
  };
}
