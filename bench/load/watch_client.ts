import { encodeRequest, openHttpConnection } from "./http_connection.ts";
import type { LoadClient, LoadSpec } from "./spec.ts";

/** Submits a job and watches its events to the last: two calls on one connection. */
export async function openWatchClient(spec: LoadSpec): Promise<LoadClient> {
  const submit = encodeRequest(spec.url, spec.path, spec.body);
  const connection = await openHttpConnection(spec.url);
  return {
    async call() {
      const answer = (await connection.send(submit)).toString();
      const id = /"id":\s*"([^"]+)"/.exec(answer)?.[1];
      if (id === undefined) throw new Error(answer.slice(0, 1000));
      const events = await connection.send(encodeRequest(spec.url, `/v1/jobs/${id}/events`));
      if (!events.includes(spec.expect)) throw new Error(events.toString().slice(0, 1000));
    },
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  };
}
