import { expect, test } from "vitest";
import { isFinalJob, Job_State } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { checkBooks } from "../../nats/books.ts";
import { startHearth, untilNodesAreReady } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const JOBS = `
export async function nap({ config, signal }) {
  for (let n = 0; n < config.ms && !signal.aborted; n += 10) await new Promise((go) => setTimeout(go, 10));
  signal.throwIfAborted();
  return config.n;
}
`;

/** The state of a job that a caller received. */
interface Told {
  readonly id: string;
  /** Undefined: its id only. */
  readonly state: Job_State | undefined;
  readonly result: unknown;
}

test("each job ends once, and callers and stream agree, while gateways and nodes are killed", async () => {
  await using hearth = await startHearth({ gateways: 2, nodes: 2 });
  const gateways = hearth.gateways.map((process, n) => ({ process, rest: createRest(hearth.urls[n] ?? "") }));
  const nodes = [...hearth.nodes];
  await someGateway(0).upload("jobs", JOBS);
  await someGateway(0).createContext("shared", { maxJobsPerContext: 16 });

  const told: Told[] = [];
  let isOver = false;
  const callers = Array.from({ length: 6 }, async (_, caller) => {
    for (let n = caller; !isOver; n += 6) {
      const [call] = await Promise.allSettled([callOnce(someGateway(n), n)]);
      // A call that broke off, or was refused, promised nothing.
      if (call.status === "fulfilled") told.push(call.value);
    }
  });

  for (const _ of [1, 2]) {
    await until("callers were answered", answered(10));
    const gateway = gateways.shift();
    process.kill(gateway?.process.pid ?? 0, "SIGKILL");
    const fresh = await hearth.addGateway();
    gateways.push({ process: fresh.process, rest: createRest(fresh.url) });
    await until("callers were answered", answered(10));
    process.kill(nodes.shift()?.pid ?? 0, "SIGKILL");
    nodes.push(await hearth.addNode());
    await untilNodesAreReady(fresh.url, 2);
  }
  await until("callers were answered", answered(10));
  isOver = true;
  await Promise.all(callers);

  for (const { id, state, result } of told) {
    const rest = someGateway(0);
    await until(`job ${id} is final`, async () => isFinalJob((await rest.job(id)).state));
    const { state: recorded } = await rest.job(id);
    if (state !== undefined) expect({ id, state: recorded }).toEqual({ id, state });
    if (state === Job_State.SUCCEEDED && result !== undefined) {
      expect((await rest.call("GET", `/v1/jobs/${id}/result`)).body).toBe(result);
    }
  }

  await checkBooks(
    hearth.natsUrl,
    someGateway(0),
    told.map(({ id }) => id),
  );

  function someGateway(n: number): Rest {
    const gateway = gateways[n % gateways.length];
    if (gateway === undefined) throw new Error("no gateway is left");
    return gateway.rest;
  }

  /** Whether this number of further calls got a response. */
  function answered(more: number): () => boolean {
    const before = told.length;
    return () => told.length >= before + more;
  }
}, 180_000);

/** One job in one of three ways, in the shared context or in one of its own. */
async function callOnce(rest: Rest, n: number): Promise<Told> {
  const context = n % 3 === 0 ? {} : { context: "shared" };
  const spec = { binary: "jobs", entryPoint: "nap", config: { n, ms: (n % 5) * 100 }, maxAttempts: 4, ...context };
  if (n % 2 === 0) {
    const { job, result } = await rest.run({ ...spec, retryDelay: "0.2s" });
    return { id: job.id, state: job.state, result };
  }
  const { id } = await rest.submit({ ...spec, retryDelay: "0.2s" });
  if (n % 4 === 1) return { id, state: undefined, result: undefined };
  const [cancelled] = await Promise.allSettled([rest.call("POST", `/v1/jobs/${id}:cancel`, {})]);
  if (cancelled.status === "rejected" || cancelled.value.status !== 200)
    return { id, state: undefined, result: undefined };
  const { state } = cancelled.value.body as { state: keyof typeof Job_State };
  return { id, state: Job_State[state], result: undefined };
}
