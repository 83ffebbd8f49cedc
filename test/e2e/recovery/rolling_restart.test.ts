import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Job_State, JobService } from "../../../proto/mod.ts";
import { type Child, startGateway, startNatsServer, startNode } from "../../../standalone/mod.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { createRest } from "../../http/rest.ts";
import { freePort } from "../../nats/server.ts";
import { untilNodesAreReady } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const JOBS = `export async function nap({ config, progress }) {
  for (let n = 0; n < 3; n++) {
    await new Promise((go) => setTimeout(go, config.ms / 3));
    progress(n / 3);
  }
  return config.n;
}`;

/** Calls that callers make between two restarts. */
const CALLS = 20;

/** Refusals after which the load ends. */
const MOST_REFUSED = 20;

/** Idle time after which a gateway closes a connection. Its answers announce it, and `fetch` closes such a connection two seconds earlier. */
const IDLE_TIMEOUT_MS = 4000;

/**
 * Longer than a balancer and callers take to notice, on a machine with much else to do, and than `fetch` keeps idle connections: a call on one
 * that its gateway closes at that moment would fail.
 */
const DRAIN_DELAY_MS = IDLE_TIMEOUT_MS;

const OPTIONS = { drainDelayMs: DRAIN_DELAY_MS, limits: { idleTimeoutMs: IDLE_TIMEOUT_MS } };

const stack = new AsyncDisposableStack();
let natsUrl: string;
let directory: string;

beforeAll(async () => {
  directory = stack.use(await createTemporaryDirectory()).path;
  const log = { debug() {}, info() {}, warn() {} };
  natsUrl = stack.use(await startNatsServer({ storeDir: join(directory, "nats"), port: 0, log })).url;
  stack.use(await startNode({ natsUrl, listen: "127.0.0.1:0", dataDir: join(directory, "node") }));
});

afterAll(() => stack.disposeAsync());

interface Started {
  readonly process: Child<string>;
  readonly url: string;
}

async function start(listen: string, gateway: object): Promise<Started> {
  const configFile = join(directory, "gateway.json");
  await writeFile(configFile, JSON.stringify({ gateway }));
  const process = stack.use(await startGateway({ natsUrl, listen, configFile, dataDir: join(directory, "gateway") }));
  return { process, url: `http://${process.ready}` };
}

/** Ends a gateway as a service manager would. Resolves when it is gone. */
async function end({ process: child }: Started): Promise<void> {
  process.kill(child.pid, "SIGTERM");
  await Promise.allSettled([child.closed]);
}

interface Load extends AsyncDisposable {
  /** What callers were answered that they should not have been. */
  readonly refused: unknown[];
  /** Resolves when callers of each kind were answered so often again. */
  untilAnswered(count: number): Promise<void>;
}

/** Runs jobs over HTTP/1.1 and HTTP/2 and watches jobs, without end; `pick` chooses where each call goes. */
function startLoad(pick: () => string): Load {
  const transports = new Map<string, Transport>();
  const clientOf = (url: string): Client<typeof JobService> => {
    const transport = transports.get(url) ?? createGrpcTransport({ baseUrl: url });
    transports.set(url, transport);
    return createClient(JobService, transport);
  };
  const spec = (n: number, ms: number) => ({ binary: "jobs", entryPoint: "nap", context: "warm", config: { n, ms } });
  const callers: Record<string, (n: number) => Promise<unknown>> = {
    rest: async (n) => (await createRest(pick()).run(spec(n, 15))).result,
    grpc: async (n) => {
      const { result, job } = await clientOf(pick()).runJob({ job: spec(n, 15) });
      return job?.state === Job_State.SUCCEEDED ? result?.kind.value : job;
    },
    watch: async (n) => {
      const { id } = await clientOf(pick()).submitJob({ job: spec(n, 300) });
      let afterSeq = 0;
      for (;;) {
        try {
          for await (const { seq, event } of clientOf(pick()).watchJob({ jobId: id, afterSeq })) {
            afterSeq = seq;
            if (event.case === "succeeded") return n;
          }
          return `the events ended at ${afterSeq}`;
        } catch (error) {
          // A stream is told to go on at another gateway.
          if (!String(error).includes("this gateway is draining")) throw error;
        }
      }
    },
  };
  const refused: unknown[] = [];
  const answered = new Map(Object.keys(callers).map((kind) => [kind, 0]));
  let isOver = false;
  const call = async (kind: string, n: number): Promise<void> => {
    const [outcome] = await Promise.allSettled([repeatUnsent(async () => callers[kind]?.(n))]);
    const isRight = outcome.status === "fulfilled" && outcome.value === n;
    if (!isRight) refused.push({ kind, n, ...outcome });
    answered.set(kind, (answered.get(kind) ?? 0) + 1);
  };
  const loops = ["rest", "rest", "rest", "grpc", "grpc", "watch", "watch"].map(async (kind, index) => {
    for (let n = index; !isOver && refused.length < MOST_REFUSED; n += 10) await call(kind, n);
  });
  return {
    refused,
    async untilAnswered(count) {
      const before = new Map(answered);
      const share = (kind: string): number => (kind === "watch" ? count / 20 : count);
      await until(
        "callers were answered",
        () => refused.length > 0 || [...answered].every(([kind, now]) => now - (before.get(kind) ?? 0) >= share(kind)),
      );
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await Promise.all(loops);
    },
  };
}

/**
 * Repeats a call that was not processed (RFC 9113, section 8.7): node's client ends one so that it has yet to send when it reads that a gateway
 * wants no more. Clients of gRPC repeat it by themselves.
 */
async function repeatUnsent(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    if (!String(error).includes("NGHTTP2_REFUSED_STREAM")) throw error;
    return repeatUnsent(call);
  }
}

test("no call is refused while two gateways behind a balancer restart in turn", async () => {
  const gateways = [await start("127.0.0.1:0", OPTIONS), await start("127.0.0.1:0", OPTIONS)];
  await untilNodesAreReady(gateways[0]?.url ?? "", 1);
  const rest = createRest(gateways[0]?.url ?? "");
  await rest.upload("jobs", JOBS);
  await rest.createContext("warm", { maxJobsPerContext: 8 });

  // A balancer that asks each gateway whether it is ready, as the usual ones do.
  let ready: string[] = [];
  let turn = 0;
  let isOver = false;
  const balancing = (async () => {
    while (!isOver) {
      const urls = gateways.map(({ url }) => url);
      const asked = await Promise.allSettled(urls.map((url) => fetch(`${url}/readyz`)));
      const isReady = (each: (typeof asked)[number] | undefined) => each?.status === "fulfilled" && each.value.ok;
      ready = urls.filter((_, n) => isReady(asked[n]));
      await new Promise((go) => setTimeout(go, 50));
    }
  })();
  await until("both are ready", () => ready.length === 2);
  {
    await using load = startLoad(() => ready[turn++ % ready.length] ?? "");
    for (const _ of [1, 2]) {
      await load.untilAnswered(CALLS);
      const [old] = gateways;
      if (old === undefined) throw new Error("there is none");
      await end(old);
      gateways.shift();
      gateways.push(await start("127.0.0.1:0", OPTIONS));
      await until("the new one is ready", () => ready.length === 2);
    }
    await load.untilAnswered(CALLS);
    expect(load.refused).toEqual([]);
  }
  isOver = true;
  await balancing;
  await Promise.all(gateways.map(end));
}, 240_000);

test("no call is refused while a gateway takes over the port of another under load", async () => {
  const listen = `127.0.0.1:${await freePort()}`;
  const options = { reusePort: true, ...OPTIONS };
  let gateway = await start(listen, options);
  {
    await using load = startLoad(() => gateway.url);
    await load.untilAnswered(CALLS);
    const next = await start(listen, options);
    await end(gateway);
    gateway = next;
    await load.untilAnswered(CALLS);
    expect(load.refused).toEqual([]);
  }
  await end(gateway);
}, 240_000);
