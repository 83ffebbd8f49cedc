import { Agent } from "node:http";
import { fromJson } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { Job_State, JobService, RunJobRequestSchema } from "../../proto/mod.ts";
import type { LoadClient, LoadSpec } from "./spec.ts";

/** The Connect protocol with JSON over HTTP/1.1, by connect-node's own client. */
export async function openConnectClient(spec: LoadSpec): Promise<LoadClient> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const transport = createConnectTransport({ baseUrl: spec.url, httpVersion: "1.1", nodeOptions: { agent } });
  const client = createClient(JobService, transport);
  // The body is a JSON value, because JSON.parse returned it.
  const request = fromJson(RunJobRequestSchema, spec.body as Parameters<typeof fromJson>[1]);
  return {
    async call() {
      const { job } = await client.runJob(request);
      if (job?.state !== Job_State.SUCCEEDED) throw new Error(`${job?.id} is ${job?.state}: ${job?.error?.message}`);
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}
