import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { createValidator } from "@bufbuild/protovalidate";
import type { Logger } from "pino";
import { openMembership } from "../cluster/mod.ts";
import packageJson from "../package.json" with { type: "json" };
import { startGate } from "./access/mod.ts";
import { startBundler } from "./bundler/mod.ts";
import { createCallbacks, startCallbackDelivery } from "./callbacks/mod.ts";
import type { GatewayConfig } from "./config.ts";
import { startPredefined } from "./contexts/mod.ts";
import type { Core } from "./core.ts";
import { openCallbackQueue, openEventStream, startConsumers } from "./events/mod.ts";
import { createEventSink, createSessionObserver, startReconciler } from "./jobs/mod.ts";
import { NodeDirectory } from "./nodes/mod.ts";
import { startPlugin } from "./plugins/mod.ts";
import { ContextRecord, JobRecord } from "./record/mod.ts";
import { startRetention } from "./retention/mod.ts";
import { createInvoke, createServices } from "./rpc/mod.ts";
import { createCors, createOriginCheck, createSurfaces, listenOnOnePort } from "./serve/mod.ts";
import { createSparkFace, parseSparkConfig } from "./spark/mod.ts";

/** A gateway that serves. */
export interface Gateway extends AsyncDisposable {
  /** `host:port` of its one port. */
  readonly address: string;
  /** Rejects when the gateway cannot go on by itself. */
  readonly closed: Promise<void>;
  /** Takes no more calls, finishes those in flight within the drain timeout, ends streams with Unavailable. */
  drain(): Promise<void>;
}

/** Starts a gateway; resolves when it serves. Nothing remains of a start that fails. */
export async function startGateway(config: GatewayConfig, { log }: { readonly log: Logger }): Promise<Gateway> {
  await using starting = new AsyncDisposableStack();
  const gatewayId = randomUUID();
  const closing = new AbortController();
  const plugin = { log, signal: closing.signal, baseDir: config.baseDir };

  const dao = starting.use(await startPlugin("dao", config.dao, plugin));
  const blobs = starting.use(await startPlugin("blobs", config.blobs, plugin));
  const bundler = starting.use(await startBundler());
  const events = starting.use(await openEventStream(config.nats, { log }));
  const jobs = starting.adopt(new JobRecord({ dao, log }), (record) => record.flush());
  const contexts = new ContextRecord({ dao });
  const observer = createSessionObserver({ dao, blobs, jobs, contexts, events, gatewayId, log });
  const nodes = starting.use(
    new NodeDirectory({
      ...{ nats: events.nats, membership: starting.use(openMembership(config.cluster, { log })), log },
      ...{ gatewayId, version: packageJson.version, observer },
    }),
  );
  const { predefined, jobConfig, ...spark } = parseSparkConfig(config);
  const callbacks = createCallbacks(config.callbacks, await openCallbackQueue(events));
  const parts = { dao, blobs, bundler, events, nodes, jobs, contexts, callbacks };
  const core: Core = { gatewayId, log, ...parts, jobConfig, closing: closing.signal };
  starting.use(await startConsumers(events, createEventSink(core), { log }));
  starting.use(startReconciler(core));
  starting.use(await startCallbackDelivery(core, config.callbacks, config));
  starting.use(startRetention(core, config.retention));

  starting.use(startPredefined(core, predefined));

  const { access, isExposed } = config;
  const gate = access && starting.use(await startGate(core, access, { ...plugin, isExposed, limits: config.limits }));
  const services = createServices(core);
  const validator = createValidator();
  const readiness = { closing: closing.signal, check: shareCheck(() => isReady(core, gate)) };
  const surfaces = createSurfaces({
    services,
    invoke: createInvoke(services, { validator, gate }),
    gate,
    checkOrigin: createOriginCheck({
      ...{ allowed: config.allowedOrigins, host: config.host },
      isOpen: gate?.admitsAnyone ?? true,
    }),
    cors: createCors(config.allowedOrigins),
    credentialKinds: gate?.credentialKinds,
    admitsAnyone: gate?.admitsAnyone ?? true,
    openReflection: config.access?.openReflection ?? true,
    readiness,
    log,
    limits: config.limits,
    spark: createSparkFace({
      gate,
      core,
      config: spark,
      predefined,
      readiness,
      validator,
      limits: config.limits,
    }),
  });
  const { host, tls, limits } = config;
  const port = starting.use(
    await listenOnOnePort({ ...{ host, port: config.port, tls, limits }, serve: surfaces, log }),
  );
  const running = starting.move();
  return {
    address: port.address,
    closed: untilBroken(events),
    async drain() {
      closing.abort();
      const deadline = new AbortController();
      await Promise.race([port.drain(), setTimeout(config.drainTimeoutMs, undefined, { signal: deadline.signal })]);
      deadline.abort();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function untilBroken({ nats }: Core["events"]): Promise<void> {
  const error = await nats.closed();
  if (error instanceof Error) throw error;
}

/** Age until which the outcome of a health check is answered again, in milliseconds. */
const HEALTH_AGE_MS = 250;

/** One check at a time, for all who ask: anybody may ask, as often as they like. */
function shareCheck(check: () => Promise<boolean>): () => Promise<boolean> {
  let shared: { readonly outcome: Promise<boolean>; endedMs: number } | undefined;
  return () => {
    if (shared !== undefined && performance.now() - shared.endedMs < HEALTH_AGE_MS) return shared.outcome;
    const started = { outcome: check(), endedMs: Number.POSITIVE_INFINITY };
    const end = (): void => {
      started.endedMs = performance.now();
    };
    started.outcome.then(end, end);
    shared = started;
    return started.outcome;
  };
}

/** Whether both stores work, and auth plugins have what they need. */
async function isReady(
  { dao, blobs, log }: Core,
  gate: { checkHealth(): Promise<void> } | undefined,
): Promise<boolean> {
  const checks = await Promise.allSettled([dao.checkHealth(), blobs.checkHealth(), gate?.checkHealth()]);
  const failed = checks.filter((check) => check.status === "rejected");
  for (const { reason } of failed) log.error({ err: reason }, "plugin health check failed");
  return failed.length === 0;
}
