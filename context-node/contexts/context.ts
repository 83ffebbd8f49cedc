import { aborted, pause } from "../../lib/async/mod.ts";
import type {
  ContextLoad,
  ContextSettings,
  HeldJob,
  JobError,
  NamedObject,
  Refusal,
  RestartContext,
  RunJob,
  StartContext,
} from "../../proto/node.ts";
import type { BlobLease } from "../blobs/mod.ts";
import type { JobHappening } from "../events/mod.ts";
import { HostedJob, lost } from "../jobs/mod.ts";
import { networkWarnings } from "../network/mod.ts";
import type { Sandbox, SandboxEnd } from "../runtime/mod.ts";
import { tellRefusedEnv } from "../secrets/mod.ts";
import type { Session } from "../session/mod.ts";
import type { ContextDeps } from "./context_deps.ts";
import { ContextEvents } from "./context_events.ts";
import { completeSettings } from "./context_settings.ts";
import { CrashBackoff } from "./crash_backoff.ts";
import { Lifetime } from "./lifetime.ts";
import { draining, notRestartable, settingsRefused, slotsTaken } from "./refusal.ts";
import { ASKED, delayAfter, describeEnd, listedNames, type Restart, restartAfter } from "./restart.ts";
import { Slots } from "./slots.ts";
import { startSandbox } from "./start_sandbox.ts";
import { objectNames } from "./waits.ts";

type State = "starting" | "running" | "restarting" | "stopping" | "ended";

/** A context: a sandbox and its successors, with slots and a queue, from the command to start it to the final event. */
export class HostedContext {
  readonly id: string;
  readonly name: string;
  /** Resolves after the final event, when everything is released. Never rejects. */
  readonly closed: Promise<void>;
  readonly #deps: ContextDeps;
  readonly #events: ContextEvents;
  readonly #isAdHoc: boolean;
  readonly #slots: Slots;
  readonly #blobs: BlobLease;
  readonly #crashes = new CrashBackoff();
  readonly #lifetime = new Lifetime({
    isBusy: () => this.#openJobs > 0,
    aged: () => this.drain("it has reached its age"),
    idle: (timeoutMs) => {
      this.#deps.log.info({ context: this.id, name: this.name, timeoutMs }, "idle timeout passed");
      this.stop({ force: false });
    },
  });
  /** Resolves when the context is stopping and has no job left. */
  readonly #emptied = Promise.withResolvers<void>();
  #settings: ContextSettings;
  #state: State = "starting";
  /** Aborted when the present sandbox, its start, or the wait for its start must end. */
  #lap = new AbortController();
  /** Set between the command to restart and the start of the new sandbox. */
  #restart: { force: boolean } | undefined;
  #sandbox: Sandbox | undefined;
  /** Number of jobs whose last event is not sent. */
  #openJobs = 0;
  #takenJobs = 0;
  /** When the present sandbox was ready; 0 if none ever was. */
  #readyAt = 0;

  constructor(deps: ContextDeps, command: StartContext) {
    const { contextId, name, settings, adHoc } = command;
    this.#deps = deps;
    this.#events = new ContextEvents(deps, command);
    this.id = contextId;
    this.name = name;
    this.#settings = completeSettings(settings);
    this.#isAdHoc = adHoc;
    this.#slots = new Slots(this.#settings.maxJobsPerContext);
    this.#blobs = deps.blobs.lease();
    this.closed = this.#live();
  }

  get settings(): ContextSettings {
    return this.#settings;
  }

  /** Runs a job now, or when it is its turn. Returns the refusal if it does not. */
  run(command: RunJob, session: Session): HostedJob | Refusal {
    if (this.#isEnding) return draining(command.jobId, `Context "${this.name}"`);
    const { maxQueuedJobs = 0, maxJobs } = this.#settings;
    const { waiting } = this.#slots;
    if (waiting >= 0 && (command.noQueue || waiting >= maxQueuedJobs))
      return slotsTaken(command, { context: this.name, ...this.#settings });

    const job = new HostedJob({ ...this.#deps, blobs: this.#blobs, owner: this }, command, session);
    this.#openJobs++;
    this.#takenJobs++;
    this.#slots.add(job);
    if (maxJobs > 0 && this.#takenJobs >= maxJobs) this.drain("it has taken as many jobs as it may");
    return job;
  }

  /** Accepts no more jobs, finishes the present ones, and ends. */
  drain(why: string): void {
    if (this.#isEnding) return;
    this.#deps.log.info({ context: this.id, name: this.name }, `context ends: ${why}`);
    this.#stopping();
    this.#closeWhenEmpty();
  }

  /** Cancels all jobs (`force`: without grace period) and ends when they have ended. Cuts a drain short. */
  stop({ force }: { force: boolean }): void {
    if (this.#state === "ended") return;
    this.#stopping();
    for (const job of [...this.#slots.queued, ...this.#slots.running])
      job.stop("contextStopped", { graceMs: force ? 0 : undefined });
    this.#closeWhenEmpty();
  }

  /** Replaces the sandbox, with other settings if given. Running jobs are cancelled; waiting ones run in the new sandbox. */
  restart({ settings, force }: Omit<RestartContext, "contextId">): Refusal | undefined {
    if (this.#isEnding) return draining(this.id, `Context "${this.name}"`);
    if (this.#state === "starting" || this.#isAdHoc) return notRestartable(this.id, this.name);
    if (settings !== undefined) {
      const complete = completeSettings(settings);
      const refused = tellRefusedEnv({ context: this.name, settings: complete, policy: this.#deps.secretPolicy });
      if (refused !== undefined) return settingsRefused(this.id, refused);
      this.#settings = complete;
    }
    // Without a sandbox nothing is lost. Otherwise `#serve` reports the lost objects and cancels the jobs.
    if (this.#state === "restarting" && this.#restart === undefined) this.#restarting(ASKED);
    if (this.#restart !== undefined && force) this.#cancelRunning({ force });
    this.#state = "restarting";
    this.#restart = { force };
    this.#lap.abort();
    return undefined;
  }

  /** Ends the context at once. */
  async dispose(): Promise<void> {
    this.stop({ force: true });
    this.#lap.abort();
    this.#emptied.resolve();
    await this.closed;
  }

  /** Sends the present state to a session that starts a context which is already there. */
  repeat(session: Session, { firstSeq }: Pick<StartContext, "firstSeq">): void {
    this.#events.repeat(session, { firstSeq });
  }

  load(): ContextLoad {
    const { memoryBytes, executors } = this.#sandbox?.load() ?? { memoryBytes: 0, executors: 0 };
    return { memoryBytes, executors, ...this.#slots.load() };
  }

  /** The named objects, or the dropped one. */
  async objects({ drop }: { drop: string }): Promise<NamedObject[]> {
    if (drop === "") return (await this.#sandbox?.objects()) ?? [];
    const dropped = await this.#sandbox?.dropObject(drop);
    return dropped === undefined ? [] : [dropped];
  }

  sandboxLost(): void {
    this.#slots.pause();
  }

  postponed(job: HostedJob, calledOff: Promise<JobError | undefined>): void {
    const { id: context, name } = this;
    this.#deps.log.warn({ context, name, job: job.id }, "a job needs another sandbox");
    this.#slots.postpone(job, calledOff);
  }

  released(job: HostedJob): void {
    this.#slots.release(job);
  }

  ended(job: HostedJob, type: JobHappening["$case"]): void {
    this.#openJobs--;
    this.#lifetime.touch();
    this.#deps.owner.jobEnded(job, { isFinal: type !== "retrying" });
    const isError = type === "failed" || type === "rejected";
    if (this.#isAdHoc || (isError && this.#settings.stopOnJobError)) this.stop({ force: false });
    else this.#closeWhenEmpty();
  }

  acknowledged(job: HeldJob): void {
    this.#deps.owner.jobAcknowledged(job);
  }

  get #isEnding(): boolean {
    return this.#state === "stopping" || this.#state === "ended";
  }

  /** Runs one sandbox after the other. */
  async #live(): Promise<void> {
    for (;;) {
      const lap = new AbortController();
      this.#lap = lap;
      this.#restart = undefined;
      const { end, livedMs, lostObjects } = await this.#liveOnce(lap.signal);
      if (this.#isEnding && this.#slots.isEmpty) return this.#finish(end);
      if (this.#restart !== undefined) continue;
      const isOnly = this.#readyAt === 0 || this.#isAdHoc;
      const delayMs = delayAfter(end, { deaths: this.#crashes, livedMs, isOnly });
      if (delayMs === undefined) return this.#over(end);
      this.#restarting(restartAfter(end, { lostObjects, delayMs }));
      await pause(delayMs, { signal: lap.signal });
      if (this.#isEnding && this.#slots.isEmpty) return this.#finish(end);
    }
  }

  /** Starts a sandbox and runs jobs in it until it ends. */
  async #liveOnce(signal: AbortSignal): Promise<{ end: SandboxEnd; livedMs: number; lostObjects: string[] }> {
    const { id: contextId, name } = this;
    const { runtime, files } = this.#deps;
    const sandbox = await startSandbox(runtime, { contextId, name, settings: this.#settings, files }, { signal });
    if (sandbox instanceof Error)
      return { end: { type: "crashed", message: sandbox.message }, livedMs: 0, lostObjects: [] };
    const { cpuCores: cores } = this.#settings;
    using cpu = this.#deps.cpu.hold(this.id, { processId: sandbox.processId, cores });
    const warnings = [
      ...cpu.warnings,
      ...networkWarnings({ name, settings: this.#settings }, this.#deps.network),
      ...(sandbox.warnings ?? []),
    ];
    if (!signal.aborted) this.#ready(sandbox, warnings);
    const end = await Promise.race([sandbox.closed, aborted(signal)]);
    const livedMs = performance.now() - this.#readyAt;
    this.#slots.close();
    const lostObjects = this.#isEnding ? [] : await objectNames(sandbox);
    if (this.#restart !== undefined) await this.#empty({ ...ASKED, lostObjects });
    this.#sandbox = undefined;
    await sandbox[Symbol.asyncDispose]();
    return { end: end ?? { type: "disposed" }, livedMs, lostObjects };
  }

  #ready(sandbox: Sandbox, warnings: string[]): void {
    this.#sandbox = sandbox;
    this.#readyAt = performance.now();
    if (!this.#isEnding) {
      this.#state = "running";
      const { id: applicationId = "", uiUrl = "" } = sandbox.application ?? {};
      this.#events.emit({ $case: "running", value: { warnings, applicationId, uiUrl } });
      this.#lifetime.watch(this.#settings, { isAdHoc: this.#isAdHoc });
    }
    this.#slots.open(sandbox, { count: this.#settings.maxJobsPerContext });
  }

  /** Emits the restart. Resolves when no code of its jobs runs any more. */
  async #empty(restart: Restart): Promise<void> {
    this.#restarting(restart);
    this.#cancelRunning({ force: this.#restart?.force ?? false });
    await Promise.race([this.#slots.emptied(), this.#emptied.promise]);
  }

  #cancelRunning({ force }: { force: boolean }): void {
    for (const job of this.#slots.running) job.stop("contextRestarted", { graceMs: force ? 0 : undefined });
  }

  #stopping(): void {
    if (this.#isEnding) return;
    this.#state = "stopping";
    this.#events.emit({ $case: "stopping", value: {} });
  }

  #closeWhenEmpty(): void {
    if (this.#state !== "stopping" || this.#openJobs > 0) return;
    this.#lap.abort(new Error("The context was stopped"));
    this.#emptied.resolve();
  }

  /** The sandbox is gone and the context was stopping. */
  async #finish(end: SandboxEnd): Promise<void> {
    await this.#emptied.promise;
    this.#over(end);
  }

  #over(end: SandboxEnd): void {
    const asked = this.#isEnding;
    this.#state = "ended";
    for (const owned of [this.#lifetime, this.#slots, this.#blobs]) owned[Symbol.dispose]();
    for (const job of this.#slots.queued) job.fail(lost(end), { forGood: !this.#isAdHoc });
    if (asked) this.#events.emit({ $case: "stopped", value: {} });
    else this.#events.emit({ $case: "failed", value: describeEnd(end) });
    this.#deps.owner.contextClosed(this);
  }

  /** A draining context gets a new sandbox for its jobs without an event. */
  #restarting({ message, reason, lostObjects, delayMs }: Restart): void {
    if (this.#isEnding) return;
    this.#state = "restarting";
    const startTime = new Date(Date.now() + delayMs);
    this.#events.emit({
      $case: "restarting",
      value: { message, reason, lostObjects: listedNames(lostObjects), lostObjectCount: lostObjects.length, startTime },
    });
  }
}
