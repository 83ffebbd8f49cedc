import { encodeRequest, openHttpConnection } from "./http_connection.ts";
import type { LoadClient, LoadSpec } from "./spec.ts";

/** Sends one prepared request after each response. */
export async function openHttpClient(spec: LoadSpec): Promise<LoadClient> {
  const request = encodeRequest(spec.url, spec.path, spec.body);
  const connection = await openHttpConnection(spec.url);
  return {
    async call() {
      const answer = await connection.send(request);
      if (!answer.includes(spec.expect)) throw new Error(answer.toString().slice(0, 1000));
    },
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  };
}
