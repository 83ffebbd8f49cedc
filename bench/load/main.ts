/** One load generator: `main.ts <LoadSpec as JSON>` prints Figures as JSON. */
import { latencyOf } from "../latency.ts";
import { openConnectClient } from "./connect_client.ts";
import { openGrpcClient } from "./grpc_client.ts";
import { openHttpClient } from "./http_client.ts";
import type { Figures, LoadClient, LoadSpec } from "./spec.ts";
import { openWatchClient } from "./watch_client.ts";

const CLIENTS: Readonly<Record<LoadSpec["client"], (spec: LoadSpec) => Promise<LoadClient>>> = {
  http: openHttpClient,
  grpc: openGrpcClient,
  connect: openConnectClient,
  watch: openWatchClient,
};

async function run(spec: LoadSpec): Promise<Figures> {
  using stack = new DisposableStack();
  const clients: LoadClient[] = [];
  for (let index = 0; index < spec.connections; index++) clients.push(stack.use(await CLIENTS[spec.client](spec)));

  const startAt = performance.now() + spec.warmUpMs;
  const endAt = startAt + spec.durationMs;
  const latencies: number[] = [];
  const failures: string[] = [];
  await Promise.all(
    clients.map(async (client) => {
      for (let from = performance.now(); from < endAt; from = performance.now()) {
        try {
          await client.call();
          const to = performance.now();
          if (from >= startAt && to <= endAt) latencies.push(to - from);
        } catch (error) {
          failures.push(String(error));
        }
      }
    }),
  );

  return {
    ...latencyOf(latencies),
    connections: spec.connections,
    perSecond: latencies.length / (spec.durationMs / 1000),
    failures: failures.length,
    firstFailure: failures[0],
  };
}

console.log(JSON.stringify(await run(JSON.parse(process.argv[2] ?? "{}"))));
