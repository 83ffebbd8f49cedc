import { hostname } from "node:os";
import { isDeepStrictEqual } from "node:util";
import { parseAddress, reachableAt } from "../../cluster/mod.ts";
import { abortable, startTimer } from "../../lib/async/mod.ts";
import type { ProcessGroups } from "../isolation/mod.ts";
import { createLineScheduler } from "../line_scheduler.ts";
import type { ProcessLog } from "../process_output.ts";
import type { Runtime, Sandbox, SandboxSpec } from "../runtime/mod.ts";
import { applicationConf } from "./launch/driver_command.ts";
import { archivingStart, plainStart, submitStart } from "./launch/driver_starts.ts";
import { type Installation, type InstallationOptions, prepareInstallation } from "./launch/installation.ts";
import { DriverEnded, initOf, openContext, type ReadyMessage, untilWarm } from "./open_sandbox.ts";
import { type Driver, type DriverDeps, startDriver } from "./process/driver.ts";
import { createDriverLog } from "./process/driver_log.ts";
import { createSpares } from "./process/spare_drivers.ts";
import { startDriverServer } from "./protocol/driver_server.ts";
import { type ContextPlan, planContext } from "./settings/context_plan.ts";
import { heapOf } from "./settings/driver_heap.ts";
import { readSparkDefaults } from "./settings/spark_defaults.ts";
import { createSandbox } from "./spark_sandbox.ts";

export interface SparkRuntimeOptions extends Omit<InstallationOptions, "log"> {
  /** Folder of this runtime alone. Each driver gets a folder in it. */
  readonly folder: string;
  readonly groups: Pick<ProcessGroups, "open">;
  /** Memory of the contexts that a spare fits, in bytes: the default of Spark contexts. */
  readonly spareMemoryBytes: number;
  /** Prepares what drivers start from. Default: `prepareInstallation`. */
  readonly prepare?: ((signal: AbortSignal) => Promise<Installation>) | undefined;
  /** Receives what drivers log outside of their jobs, and warnings for the operator. */
  readonly log: ProcessLog;
}

/** Time limit until a spare, or the driver that writes the archive, is warm, in milliseconds. No caller waits for it. */
const WARM_MS = 300_000;

/** Context of a driver that has none, for its log. */
const NO_CONTEXT = { contextId: "", name: "", isConcealed: false };

/** Longest address of Spark's pages, in characters. */
const LONGEST_URL = 2048;

/** The runtime of Spark contexts. */
export interface SparkRuntime extends Runtime {
  /** Writes the archive of classes into the user's cache, which makes contexts start faster. The runtime also does so after the first context. */
  prepare(): Promise<void>;
}

/** Resolves when drivers can connect. Starts no driver before the first context. Rejects if the address is in use. */
export async function startSparkRuntime(options: SparkRuntimeOptions): Promise<SparkRuntime> {
  const { spark, folder, groups, log, spareMemoryBytes } = options;
  const defaults = await readSparkDefaults(spark, options.config.env);
  const config = { ...options.config, conf: { ...defaults, ...options.config.conf } };
  const { prepare = (signal: AbortSignal) => prepareInstallation(options, signal) } = options;
  await using starting = new AsyncDisposableStack();
  const closing = new AbortController();
  const server = starting.use(
    await startDriverServer({ scheduler: createLineScheduler(), log }, { listen: config.listen }),
  );
  const connectTo = parseAddress(config.advertise ?? reachableAt(server.address, hostname()));
  const deps: DriverDeps = { server, log, groups, parent: folder };
  const drivers = new Set<Driver>();
  starting.defer(async () => {
    await Promise.all(Array.from(drivers, (driver) => driver[Symbol.asyncDispose]()));
  });

  let preparing: Promise<Installation> | undefined;
  /** Resolves to the installation. After a failure, the next call retries. */
  async function installation(): Promise<Installation> {
    preparing ??= prepare(closing.signal);
    try {
      return await preparing;
    } catch (error) {
      preparing = undefined;
      throw error;
    }
  }

  const spareProfile = { heapBytes: heapOf(spareMemoryBytes).bytes, env: config.env };
  const spares = starting.use(createSpares({ start: startSpare, log }, { count: config.spares }));
  let background: Promise<void> | undefined;
  starting.defer(async () => {
    closing.abort(new Error("The runtime is closing"));
    await background;
  });

  async function start(...[what, signal]: [Parameters<typeof startDriver>[1], AbortSignal]): Promise<Driver> {
    const driver = await startDriver(deps, what, AbortSignal.any([signal, closing.signal]));
    drivers.add(driver);
    void driver.ended.then(() => drivers.delete(driver));
    return driver;
  }

  async function startWarm(what: Parameters<typeof startDriver>[1], signal: AbortSignal): Promise<Driver> {
    const limited = AbortSignal.any([signal, closing.signal, AbortSignal.timeout(WARM_MS)]);
    const driver = await start(what, limited);
    try {
      await untilWarm(driver, { log: createDriverLog(log, NO_CONTEXT), signal: limited });
    } catch (error) {
      await driver[Symbol.asyncDispose]();
      throw error;
    }
    return driver;
  }

  async function startSpare(signal: AbortSignal): Promise<Driver> {
    const parts = { config, installation: await installation(), connectTo };
    const options = { isSpare: true, memoryBytes: spareMemoryBytes, isConcealed: false };
    return startWarm(plainStart(parts, spareProfile, options), signal);
  }

  async function makeArchive(): Promise<void> {
    const parts = { config, installation: await installation(), connectTo };
    await parts.installation.archive.make(async (archiveOptions) => {
      const what = archivingStart(parts, spareProfile, { archiveOptions, memoryBytes: spareMemoryBytes });
      const driver = await startWarm(what, closing.signal);
      closing.signal.addEventListener("abort", () => driver.kill({ type: "disposed" }), { once: true });
      driver.send({ type: "stop" });
      const { code } = await driver.exited;
      if (code !== 0) throw new Error(`the Spark driver that writes it ended with code ${code}`);
    }, closing.signal);
  }

  /** Makes the next contexts start faster: writes the archive, which spares start from, then starts spares. */
  function prepareNext(): void {
    background ??= makeArchive().catch((error: unknown) => {
      if (!closing.signal.aborted)
        log.warn({ err: error }, "class archive creation failed; Spark contexts start more slowly");
    });
    void background.then(() => spares.refill());
  }

  function takeSpare(plan: ContextPlan, { settings }: SandboxSpec): Driver | undefined {
    if (plan.needsSubmit || !isDeepStrictEqual({ heapBytes: plan.heapBytes, env: plan.env }, spareProfile))
      return undefined;
    const spare = spares.take();
    if (hasSecrets(settings)) spare?.conceal();
    return spare;
  }

  function startFor({ settings }: SandboxSpec, { plan, installed, signal }: Opening): Promise<Driver> {
    const parts = { config, installation: installed, connectTo };
    const { memoryBytes } = settings;
    const isConcealed = hasSecrets(settings);
    if (plan.needsSubmit) return start(submitStart(parts, plan, { memoryBytes, isConcealed }), signal);
    const profile = { heapBytes: plan.heapBytes, env: plan.env };
    return start(plainStart(parts, profile, { isSpare: false, memoryBytes, isConcealed }), signal);
  }

  async function open(driver: Driver, spec: SandboxSpec, { plan, installed, signal }: Opening): Promise<Sandbox> {
    const { contextId, name } = spec;
    const driverLog = createDriverLog(log, { contextId, name, isConcealed: hasSecrets(spec.settings) });
    try {
      const ready = (message: ReadyMessage): Sandbox => {
        const application = { id: message.applicationId, uiUrl: urlOf(message.uiUrl) };
        const { onNewVersion, replaceTimeoutMs } = config;
        const newVersions = { onNewVersion, replaceTimeoutMs, kind: plan.kind };
        return createSandbox({ driver, log: driverLog, newVersions }, spec, {
          application,
          warnings: [...plan.warnings, ...unconfined(installed)],
        });
      };
      const conf = applicationConf(installed.parts, plan);
      const init = initOf(plan, { contextId, settings: spec.settings.settings, conf });
      return await openContext(driver, init, { log: driverLog, ready, signal });
    } catch (error) {
      await driver[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Resolves to undefined if no spare fits, or the spare has just ended. */
  async function openSpare(spec: SandboxSpec, opening: Opening): Promise<Sandbox | undefined> {
    const spare = takeSpare(opening.plan, spec);
    if (spare === undefined) return undefined;
    opening.limit.driverStarted();
    try {
      return await open(spare, spec, opening);
    } catch (error) {
      if (!(error instanceof DriverEnded)) throw error;
      opening.limit.installed();
      return undefined;
    }
  }

  async function openNew(spec: SandboxSpec, opening: Opening): Promise<Sandbox> {
    const driver = await startFor(spec, opening);
    opening.limit.driverStarted();
    return open(driver, spec, opening);
  }

  const running = starting.move();
  return {
    async startSandbox(spec, { signal } = {}) {
      signal?.throwIfAborted();
      const plan = planContext(spec, config);
      using limit = startLimit(plan, config.startTimeoutMs);
      const limited = signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]);
      try {
        const installed = await abortable(installation(), limited);
        limit.installed();
        const opening = { plan, installed, limit, signal: limited };
        const sandbox = (await openSpare(spec, opening)) ?? (await openNew(spec, opening));
        prepareNext();
        return sandbox;
      } catch (error) {
        signal?.throwIfAborted();
        const { message } = error as Error;
        throw new Error(`Cannot start Spark context "${spec.name}" on ${plan.master}: ${message}`, { cause: error });
      }
    },
    prepare: makeArchive,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function unconfined({ obstacle }: Installation): string[] {
  return obstacle === undefined
    ? []
    : [`The Spark driver is not confined, its jobs can do what the node can: ${obstacle}`];
}

/** Whether a context may read secrets, which its environment may contain too. */
function hasSecrets({ permissions }: SandboxSpec["settings"]): boolean {
  return (permissions?.secrets ?? []).length > 0;
}

interface Opening {
  readonly plan: ContextPlan;
  readonly installed: Installation;
  readonly limit: StartLimit;
  readonly signal: AbortSignal;
}

interface StartLimit extends Disposable {
  readonly signal: AbortSignal;
  /** Called when the installation is ready. */
  installed(): void;
  driverStarted(): void;
}

/** Aborts a start that takes too long, with what it waited for as the reason. */
function startLimit({ master }: ContextPlan, timeoutMs: number): StartLimit {
  const controller = new AbortController();
  let waitsFor = "the driver was not fetched and compiled";
  const seconds = timeoutMs / 1000;
  const timer = startTimer(timeoutMs, () =>
    controller.abort(new Error(`${waitsFor} within ${seconds} s (node.spark.startTimeoutMs)`)),
  );
  return {
    signal: controller.signal,
    installed() {
      waitsFor = "the driver did not start and connect back";
    },
    driverStarted() {
      waitsFor = `the master ${master} gave no application; check that it runs and that this node reaches it,`;
    },
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}

/** The address of Spark's pages from a driver, or an empty text if it is not a web link. */
function urlOf(text: string): string {
  return text.length <= LONGEST_URL && /^https?:\/\//.test(text) && URL.canParse(text) ? text : "";
}
