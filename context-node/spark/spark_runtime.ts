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
  /** Folder of this runtime alone, in which drivers have theirs. */
  readonly folder: string;
  readonly groups: Pick<ProcessGroups, "open">;
  /** Memory of a context that a spare fits: the default of Spark contexts. */
  readonly spareMemoryBytes: number;
  /** Gets what drivers are started from. Default: fetches and compiles it where that was not done. */
  readonly prepare?: ((signal: AbortSignal) => Promise<Installation>) | undefined;
  /** Gets what drivers write beside their jobs, and what an operator should know. */
  readonly log: ProcessLog;
}

/** Time of a spare, or a driver that makes the archive, until it is warm, in milliseconds: nobody waits for it. */
const WARM_MS = 300_000;

/** A driver without one logs nothing of jobs. */
const NO_CONTEXT = { contextId: "", name: "", isConcealed: false };

/** The longest address of Spark's pages that is shown. */
const LONGEST_URL = 2048;

/** The runtime of Spark contexts. */
export interface SparkRuntime extends Runtime {
  /** Makes what lets contexts start faster, and is kept in the user's cache; done anyway after the first context. Rejects when it cannot be made. */
  prepare(): Promise<void>;
}

/** Resolves when drivers can connect; starts no driver before the first context. Rejects when the address is taken. */
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
  /** What could not be had is looked for again by the next context. */
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

  /** What makes the next contexts start faster, once one runs: first the archive, which spares start from, then spares. */
  function prepareNext(): void {
    background ??= makeArchive().catch((error: unknown) => {
      if (!closing.signal.aborted)
        log.warn({ err: error }, "cannot make the archive of classes; Spark contexts start more slowly");
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

  /** Undefined when no spare fits, or the one that does was about to end. */
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

/** Secrets of its environment count among them. */
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
  /** What drivers are started from is there. */
  installed(): void;
  driverStarted(): void;
}

/** Ends a start that takes too long; the reason says what it waited for. */
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

/** What the driver says of Spark's pages, where it is a link that can be shown. */
function urlOf(text: string): string {
  return text.length <= LONGEST_URL && /^https?:\/\//.test(text) && URL.canParse(text) ? text : "";
}
