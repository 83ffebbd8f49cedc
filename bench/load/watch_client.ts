import { once } from "node:events";
import { Agent, type IncomingMessage, type RequestOptions, request } from "node:http";
import { text } from "node:stream/consumers";
import type { LoadClient, LoadSpec } from "./spec.ts";

/** Submits a job, gets its id at once, and watches its events to the last: two calls on one connection. */
export async function openWatchClient(spec: LoadSpec): Promise<LoadClient> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const body = JSON.stringify(spec.body);

  async function send(path: string, options: RequestOptions, content?: string): Promise<string> {
    const outgoing = request(new URL(path, spec.url), { agent, ...options });
    outgoing.end(content);
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    const answer = await text(response);
    if (response.statusCode !== 200) throw new Error(answer.slice(0, 1000));
    return answer;
  }

  return {
    async call() {
      const headers = { "content-type": "application/json" };
      const { id } = JSON.parse(await send(spec.path, { method: "POST", headers }, body)) as { id: string };
      const events = await send(`/v1/jobs/${id}/events`, { method: "GET" });
      if (!events.includes(spec.expect)) throw new Error(events.slice(0, 1000));
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}
