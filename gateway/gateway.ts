import { randomUUID } from "node:crypto";
import type { RequestListener } from "node:http";
import { setTimeout } from "node:timers/promises";
import { createValidator } from "@bufbuild/protovalidate";
import type { Logger } from "pino";
import { openMembership, whenJetStreamAvailable } from "../cluster/mod.ts";
import { deadline, startTogether } from "../lib/async/mod.ts";
import packageJson from "../package.json" with { type: "json" };
import { Runtime } from "../proto/mod.ts";
import { startAccessControl } from "./access/mod.ts";
import { rememberBinaries } from "./binaries/mod.ts";
import { createBundler } from "./bundler/mod.ts";
import { createCallbackUrlCheck, openCallbackSecret, startCallbackDelivery } from "./callbacks/mod.ts";
import type { GatewayConfig } from "./config.ts";
import { startPredefined } from "./contexts/mod.ts";
import type { Core } from "./core.ts";
import { openCallbackQueue, openEventStream } from "./events/mod.ts";
import { createJarReader } from "./jars/mod.ts";
import { NodeDirectory } from "./nodes/mod.ts";
import { startPluginWhenAvailable } from "./plugins/mod.ts";
import { createRequirements, type Requirements, requireCore } from "./readiness.ts";
import { createSessionObserver, startReconciler } from "./recovery/mod.ts";
import { startRetention } from "./retention/mod.ts";
import { createInvoke, createServices, type Readiness } from "./rpc/mod.ts";
import {
  createCors,
  createOriginCheck,
  createRequestHandler,
  createStartupHandler,
  listenOnOnePort,
  type OpenPort,
} from "./serve/mod.ts";
import { createSparkHandler, parseSparkConfig } from "./spark/mod.ts";
import { openState } from "./state/mod.ts";

/** Interval between checks of readiness, in milliseconds. */
const READY_INTERVAL_MS = 50;

/** A running gateway. */
export interface Gateway extends AsyncDisposable {
  /** `host:port` of its port. */
  readonly address: string;
  /** Rejects when the gateway can no longer work. */
  readonly closed: Promise<void>;
  /**
   * Reports that it is not ready, and accepts calls for the drain delay. Then refuses new calls, finishes those in flight within the drain
   * timeout, and ends streams with Unavailable.
   */
  drain(): Promise<void>;
}

/**
 * Starts a gateway. Resolves when it serves. Its port is open earlier and reports that the gateway is not ready while it waits for the
 * store, the blobs, NATS or a plugin. A failed start leaves nothing behind.
 */
export async function startGateway(config: GatewayConfig, { log }: { readonly log: Logger }): Promise<Gateway> {
  // The port closes before what serves it.
  await using serving = new AsyncDisposableStack();
  await using opening = new AsyncDisposableStack();
  const draining = new AbortController();
  const closing = new AbortController();
  const signals = { draining: draining.signal, closing: closing.signal };
  const requirements = opening.use(createRequirements({ ...signals, log }));
  const { readiness } = requirements;
  const { host, tls, limits, reusePort } = config;
  let serve: RequestListener = createStartupHandler({ readiness, limits, log });
  const open = () =>
    listenOnOnePort({
      ...{ host, port: config.port, reusePort, tls, limits, log },
      serve: (request, response) => serve(request, response),
    });
  const early = reusePort ? undefined : opening.use(await open());
  if (early !== undefined) log.info({ address: early.address }, "port is open; starting");
  const running = serving.use(await startServing(config, { log, requirements }));
  serve = running.surfaces;
  requirements.started();
  const port = early ?? opening.use(await openWhenReady(open, { readiness, timeoutMs: config.placementWaitMs }));
  serving.use(opening.move());
  const owned = serving.move();
  return {
    address: port.address,
    closed: untilBroken(running.events),
    drain: () => drain(port, config, { draining, closing }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** On a shared port, other gateways would serve the calls that this one refuses. */
async function openWhenReady(
  open: () => Promise<OpenPort>,
  { readiness, timeoutMs }: { readonly readiness: Readiness; readonly timeoutMs: number },
): Promise<OpenPort> {
  const deadline = performance.now() + timeoutMs;
  while ((await readiness.problems()).length > 0 && performance.now() < deadline) await setTimeout(READY_INTERVAL_MS);
  return open();
}

interface Ending {
  readonly draining: AbortController;
  readonly closing: AbortController;
}

async function drain(
  port: OpenPort,
  { drainDelayMs, drainTimeoutMs, reusePort }: Pick<GatewayConfig, "drainDelayMs" | "drainTimeoutMs" | "reusePort">,
  { draining, closing }: Ending,
): Promise<void> {
  draining.abort();
  port.sendAway();
  if (drainDelayMs > 0 && !reusePort) await setTimeout(drainDelayMs);
  closing.abort();
  // On a shared port new connections go to other gateways at once; open ones are served for the delay.
  const drained = port.drain({ lingerMs: drainDelayMs });
  const timeoutMs = drainTimeoutMs + (reusePort ? drainDelayMs : 0);
  await deadline(drained, timeoutMs, () => {});
}

interface ServingDeps {
  readonly log: Logger;
  readonly requirements: Requirements;
}

/** What serves the port, and the part that the gateway cannot work without. Disposal stops everything but the port. */
interface Serving extends AsyncDisposable {
  readonly surfaces: RequestListener;
  readonly events: Core["events"];
}

/** Starts everything that serves calls. Waits for unavailable services. */
async function startServing(config: GatewayConfig, { log, requirements }: ServingDeps): Promise<Serving> {
  await using starting = new AsyncDisposableStack();
  const gatewayId = randomUUID();
  const { closing } = requirements.readiness;
  const waitWith = (signal: AbortSignal) => ({ log, signal, onWait: requirements.createWait() });
  const waiting = waitWith(closing);
  const { baseDir } = config;

  const secret = await openCallbackSecret(config.callbacks, config.dataDir);
  const [store, blobs, events] = await startTogether(
    starting,
    [
      (signal) => startPluginWhenAvailable("dao", config.dao, { ...waitWith(signal), baseDir }),
      (signal) => startPluginWhenAvailable("blobs", config.blobs, { ...waitWith(signal), baseDir }),
      (signal) => openEventStream(config.nats, { ...waitWith(signal), gatewayId }),
    ],
    { signal: closing },
  );
  const dao = rememberBinaries(store);
  const bundler = starting.use(createBundler());
  const jars = starting.use(createJarReader());
  const queue = await whenJetStreamAvailable(() => openCallbackQueue(events, { log }), waiting);
  const { jobs, contexts } = starting.use(openState({ dao, events, queue, log }));
  const observer = createSessionObserver({ dao, blobs, jobs, contexts, log });
  const nodes = starting.use(
    new NodeDirectory({
      ...{ nats: events.nats, membership: starting.use(openMembership(config.cluster, { log })), log },
      ...{ gatewayId, version: packageJson.version, observer, placementWaitMs: config.placementWaitMs },
      onOpened: requirements.changed,
    }),
  );
  const { predefined, jobConfig, ...spark } = parseSparkConfig(config);
  const defaultRuntime = config.defaultRuntime ?? Runtime.DENO;
  const checkCallbackUrl = createCallbackUrlCheck(config.callbacks);
  const parts = { dao, blobs, bundler, jars, events, nodes, jobs, contexts, checkCallbackUrl };
  const core: Core = { gatewayId, log, ...parts, defaultRuntime, jobConfig, closing };
  starting.use(startReconciler(core));
  const startCallbacks = () => startCallbackDelivery(core, config.callbacks, { secret, queue });
  starting.use(await whenJetStreamAvailable(startCallbacks, waiting));
  starting.use(startRetention(core, config.retention));

  starting.use(startPredefined(core, predefined));

  const { access, isExposed, limits, host } = config;
  const accessControl =
    access &&
    starting.use(
      await startAccessControl(core, access, {
        ...waiting,
        baseDir,
        isExposed,
        limits,
        useAsProxyUser: config.spark.useAsProxyUser,
      }),
    );
  const services = createServices(core);
  const validator = createValidator();
  const surfaces = createRequestHandler({
    services,
    invoke: createInvoke(services, { validator, accessControl }),
    accessControl,
    checkOrigin: createOriginCheck({
      ...{ allowed: config.allowedOrigins, host },
      isOpen: accessControl?.admitsAnyone ?? true,
    }),
    cors: createCors(config.allowedOrigins),
    credentialKinds: accessControl?.credentialKinds,
    admitsAnyone: accessControl?.admitsAnyone ?? true,
    openReflection: config.access?.openReflection ?? true,
    readiness: requirements.readiness,
    ...{ log, limits },
    spark: createSparkHandler({ accessControl, core, config: spark, predefined, validator, limits }),
  });
  requireCore(requirements, core, accessControl);
  // Starting its process takes as long as all the rest, and only uploads need it.
  bundler.warm().catch((err: unknown) => log.error({ err }, "could not start the bundler process"));
  const owned = starting.move();
  return { surfaces, events, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function untilBroken({ nats }: Core["events"]): Promise<void> {
  const error = await nats.closed();
  if (error instanceof Error) throw error;
}
