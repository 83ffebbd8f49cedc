import type { Logger } from "pino";
import {
  type ContextEvent,
  type ContextLoad,
  type ContextSettings,
  type HeldJob,
  JobError_Reason,
  type NamedObject,
  type Refusal,
  type RestartContext,
  type RunJob,
  type StartContext,
} from "../../proto/node.ts";
import type { BlobCache, BlobLease } from "../blobs/mod.ts";
import type { ContextHappening, JobHappening } from "../events/mod.ts";
import { HostedJob, type JobDeps, lost, lostReason } from "../jobs/mod.ts";
import type { FileSource, Runtime, Sandbox, SandboxEnd } from "../runtime/mod.ts";
import type { Session } from "../session/mod.ts";
import { startTimer } from "../timer.ts";
import type { CpuGroups } from "./cpu_groups.ts";
import { Deaths } from "./deaths.ts";
import { draining, notRestartable, queueFull } from "./refusal.ts";
import { completeSettings } from "./settings.ts";
import { Slots } from "./slots.ts";

type Duration = NonNullable<ContextSettings["maxAge"]>;

/** A context made for one job whose job never comes is stopped after this. */
const AD_HOC_IDLE_MS = 60_000;

/** How long a restart waits to hear which named objects it loses. */
const OBJECTS_TIMEOUT_MS = 1000;

export interface ContextDeps extends Omit<JobDeps, "owner" | "blobs"> {
  readonly blobs: BlobCache;
  readonly runtime: Runtime;
  readonly files: FileSource;
  readonly cpu: CpuGroups;
  readonly log: Pick<Logger, "info" | "warn">;
  readonly owner: ContextOwner;
}

/** Who holds all contexts and their jobs. */
export interface ContextOwner {
  /** The last event of an attempt of a job was sent. */
  jobEnded(job: HostedJob, options: { isFinal: boolean }): void;
  /** JetStream has it. */
  jobStored(job: HeldJob): void;
  /** The final event of the context was sent. */
  contextClosed(context: HostedContext): void;
}

type State = "starting" | "running" | "restarting" | "stopping" | "ended";

/** A sandbox and its successors, with their slots and queue, from the command to start it to the final event. */
export class HostedContext {
  readonly id: string;
  readonly name: string;
  /** Resolves after its final event, when nothing of it is left. Never rejects. */
  readonly closed: Promise<void>;
  readonly #deps: ContextDeps;
  readonly #isAdHoc: boolean;
  readonly #slots: Slots;
  readonly #blobs: BlobLease;
  readonly #deaths = new Deaths();
  readonly #bornAt = performance.now();
  /** Resolves when it is to be stopped and has no job left. */
  readonly #emptied = Promise.withResolvers<void>();
  #settings: ContextSettings;
  #state: State = "starting";
  /** Aborted when the sandbox of now, its start, or the wait for its start is to end. */
  #lap = new AbortController();
  /** It was asked to restart; until the new sandbox is being started. */
  #restart: { force: boolean } | undefined;
  #sandbox: Sandbox | undefined;
  #seq: number;
  #lastEvent: ContextEvent | undefined;
  /** Jobs whose last event is not sent. */
  #openJobs = 0;
  #takenJobs = 0;
  /** When the sandbox of now was ready; 0 when none ever was. */
  #readyAt = 0;
  #idleSince = performance.now();
  #idle: Disposable | undefined;
  #age: Disposable | undefined;

  constructor(deps: ContextDeps, { contextId, name, settings, adHoc, firstSeq }: StartContext) {
    this.#deps = deps;
    this.id = contextId;
    this.name = name;
    this.#settings = completeSettings(settings);
    this.#isAdHoc = adHoc;
    this.#slots = new Slots(this.#settings.maxJobsPerContext);
    this.#blobs = deps.blobs.lease();
    this.#seq = firstSeq || 1;
    this.closed = this.#live();
  }

  get settings(): ContextSettings {
    return this.#settings;
  }

  /** Runs a job now, or when it is its turn. Answers why it does not. */
  run(command: RunJob, session: Session): HostedJob | Refusal {
    if (this.#isEnding) return draining(command.jobId, `Context "${this.name}"`);
    const { maxQueuedJobs = 0, maxJobs } = this.#settings;
    const { waiting } = this.#slots;
    if (waiting >= 0 && (command.noQueue || waiting >= maxQueuedJobs)) return this.#full(command);

    const job = new HostedJob({ ...this.#deps, blobs: this.#blobs, owner: this }, command, session);
    this.#openJobs++;
    this.#takenJobs++;
    this.#slots.add(job);
    if (maxJobs > 0 && this.#takenJobs >= maxJobs) this.#drain("it has taken as many jobs as it may");
    return job;
  }

  /** Cancels its jobs, with `force` without grace, and ends it when they have ended. */
  stop({ force }: { force: boolean }): void {
    if (this.#state === "ended") return;
    this.#stopping();
    for (const job of [...this.#slots.queued, ...this.#slots.running]) job.stop("contextStopped", graceOf({ force }));
    this.#closeWhenEmpty();
  }

  /** Gives it a new sandbox, with other settings if there are any. Running jobs are cancelled, those that wait run in the new one. */
  restart({ settings, force }: Omit<RestartContext, "contextId">): Refusal | undefined {
    if (this.#isEnding) return draining(this.id, `Context "${this.name}"`);
    if (this.#state === "starting" || this.#isAdHoc) return notRestartable(this.id, this.name);
    if (settings !== undefined) this.#settings = completeSettings(settings);
    // Without a sandbox there is nothing to lose; else it is told what is lost, and the jobs are cancelled, where it is served.
    if (this.#state === "restarting" && this.#restart === undefined) this.#restarting(ASKED);
    if (this.#restart !== undefined && force) this.#cancelRunning({ force });
    this.#state = "restarting";
    this.#restart = { force };
    this.#lap.abort();
    return undefined;
  }

  /** Ends it at once, whatever its jobs do. */
  async dispose(): Promise<void> {
    this.stop({ force: true });
    this.#lap.abort();
    this.#emptied.resolve();
    await this.closed;
  }

  /** Tells a session that asks for what is there already how things are. */
  repeat(session: Session): void {
    if (this.#lastEvent !== undefined) this.#deps.events.repeatContext(this.#lastEvent, { session });
  }

  load(): ContextLoad {
    const { memoryBytes, executors } = this.#sandbox?.load() ?? { memoryBytes: 0, executors: 0 };
    return { memoryBytes, executors, ...this.#slots.load() };
  }

  /** Its named objects, or the one that it dropped. */
  async objects({ drop }: { drop: string }): Promise<NamedObject[]> {
    if (drop === "") return (await this.#sandbox?.objects()) ?? [];
    const dropped = await this.#sandbox?.dropObject(drop);
    return dropped === undefined ? [] : [dropped];
  }

  sandboxLost(): void {
    this.#slots.close();
  }

  released(job: HostedJob): void {
    this.#slots.release(job);
  }

  ended(job: HostedJob, type: JobHappening["$case"]): void {
    this.#openJobs--;
    this.#idleSince = performance.now();
    this.#deps.owner.jobEnded(job, { isFinal: type !== "retrying" });
    const isError = type === "failed" || type === "rejected";
    if (this.#isAdHoc || (isError && this.#settings.stopOnJobError)) this.stop({ force: false });
    else this.#closeWhenEmpty();
  }

  stored(job: HeldJob): void {
    this.#deps.owner.jobStored(job);
  }

  get #isEnding(): boolean {
    return this.#state === "stopping" || this.#state === "ended";
  }

  /** One sandbox after the other. */
  async #live(): Promise<void> {
    for (;;) {
      const lap = new AbortController();
      this.#lap = lap;
      this.#restart = undefined;
      const { end, livedMs, lostObjects } = await this.#liveOnce(lap.signal);
      if (this.#isEnding && this.#slots.isEmpty) return this.#finish(end);
      if (this.#restart !== undefined) continue;
      const delayMs = this.#readyAt === 0 || this.#isAdHoc ? undefined : this.#deaths.next({ livedMs });
      if (delayMs === undefined) return this.#over(end);
      this.#restarting({ message: messageOf(end), reason: lostReason(end), lostObjects, delayMs });
      await pause(delayMs, { signal: lap.signal });
      if (this.#isEnding && this.#slots.isEmpty) return this.#finish(end);
    }
  }

  /** Starts a sandbox and runs jobs in it until it is gone. */
  async #liveOnce(signal: AbortSignal): Promise<{ end: SandboxEnd; livedMs: number; lostObjects: string[] }> {
    const sandbox = await this.#startSandbox(signal);
    if (sandbox instanceof Error)
      return { end: { type: "crashed", message: sandbox.message }, livedMs: 0, lostObjects: [] };
    const { cpuCores: cores } = this.#settings;
    using cpu = this.#deps.cpu.hold(this.id, { processId: sandbox.processId, cores });
    if (!signal.aborted) this.#ready(sandbox, cpu.warnings);
    const end = await Promise.race([sandbox.closed, aborted(signal)]);
    const livedMs = performance.now() - this.#readyAt;
    this.#slots.close();
    const lostObjects = this.#isEnding ? [] : await objectNames(sandbox);
    if (this.#restart !== undefined) await this.#empty({ ...ASKED, lostObjects });
    this.#sandbox = undefined;
    await sandbox[Symbol.asyncDispose]();
    return { end: end ?? { type: "disposed" }, livedMs, lostObjects };
  }

  async #startSandbox(signal: AbortSignal): Promise<Sandbox | Error> {
    const { id: contextId, name } = this;
    const { runtime, files } = this.#deps;
    try {
      return await runtime.startSandbox({ contextId, name, settings: this.#settings, files }, { signal });
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #ready(sandbox: Sandbox, warnings: string[]): void {
    this.#sandbox = sandbox;
    this.#readyAt = performance.now();
    this.#idleSince = this.#readyAt;
    if (!this.#isEnding) {
      this.#state = "running";
      this.#tell({ $case: "running", value: { warnings } });
      this.#watchTimes();
    }
    this.#slots.open(sandbox, { count: this.#settings.maxJobsPerContext });
  }

  /** Tells that it restarts, and resolves when no code of its jobs runs any more. */
  async #empty(restart: Restart): Promise<void> {
    this.#restarting(restart);
    this.#cancelRunning({ force: this.#restart?.force ?? false });
    await Promise.race([this.#slots.emptied(), this.#emptied.promise]);
  }

  #cancelRunning({ force }: { force: boolean }): void {
    for (const job of this.#slots.running) job.stop("contextRestarted", graceOf({ force }));
  }

  /** Takes no more jobs, runs those that it has, and ends. */
  #drain(why: string): void {
    if (this.#isEnding) return;
    this.#deps.log.info({ context: this.id, name: this.name }, `context ends: ${why}`);
    this.#stopping();
    this.#closeWhenEmpty();
  }

  #stopping(): void {
    if (this.#isEnding) return;
    this.#state = "stopping";
    this.#tell({ $case: "stopping", value: {} });
  }

  #closeWhenEmpty(): void {
    if (this.#state !== "stopping" || this.#openJobs > 0) return;
    this.#lap.abort(new Error("The context was stopped"));
    this.#emptied.resolve();
  }

  /** Its sandbox is gone, and it was to stop. */
  async #finish(end: SandboxEnd): Promise<void> {
    await this.#emptied.promise;
    this.#over(end);
  }

  #over(end: SandboxEnd): void {
    const asked = this.#isEnding;
    this.#state = "ended";
    for (const owned of [this.#idle, this.#age, this.#slots, this.#blobs]) owned?.[Symbol.dispose]();
    for (const job of this.#slots.queued) job.fail(lost(end), { forGood: !this.#isAdHoc });
    if (asked) this.#tell({ $case: "stopped", value: {} });
    else this.#tell({ $case: "failed", value: { message: messageOf(end), reason: lostReason(end) } });
    this.#deps.owner.contextClosed(this);
  }

  #watchTimes(): void {
    this.#idle?.[Symbol.dispose]();
    this.#age?.[Symbol.dispose]();
    const { idleTimeout, maxAge } = this.#settings;
    const idleMs = idleTimeout === undefined ? AD_HOC_IDLE_MS : toMs(idleTimeout);
    if (idleTimeout !== undefined || this.#isAdHoc) this.#watchIdle(idleMs);
    if (maxAge === undefined) return;
    const leftMs = Math.max(0, toMs(maxAge) - (performance.now() - this.#bornAt));
    this.#age = startTimer(leftMs, () => this.#drain("it has reached its age"));
  }

  /** One timer for all jobs: it looks again when the context would have been idle for long enough. */
  #watchIdle(timeoutMs: number, delayMs = timeoutMs): void {
    this.#idle = startTimer(delayMs, () => {
      const idleMs = this.#openJobs > 0 ? 0 : performance.now() - this.#idleSince;
      if (idleMs < timeoutMs) return this.#watchIdle(timeoutMs, timeoutMs - idleMs);
      this.#deps.log.info({ context: this.id, name: this.name, timeoutMs }, "context was idle for too long");
      this.stop({ force: false });
    });
  }

  #full({ jobId, noQueue }: RunJob): Refusal {
    const { maxJobsPerContext: slots, maxQueuedJobs } = this.#settings;
    const busy = `All ${slots} slots of context "${this.name}" are taken`;
    return queueFull(jobId, noQueue ? `${busy}, and the job may not wait` : `${busy}, and ${maxQueuedJobs} jobs wait`);
  }

  /** One that ends goes on to do so: it gets a new sandbox for the jobs that it has, and does not tell. */
  #restarting({ message, reason, lostObjects, delayMs }: Restart): void {
    if (this.#isEnding) return;
    this.#state = "restarting";
    const startTime = new Date(Date.now() + delayMs);
    this.#tell({ $case: "restarting", value: { message, reason, lostObjects, startTime } });
  }

  #tell(happening: ContextHappening): void {
    const { id: contextId, name: context } = this;
    this.#lastEvent = this.#deps.events.context({ contextId, context, seq: this.#seq++ }, happening);
    this.#deps.log.info({ context: this.id, name: this.name, event: happening }, `context ${happening.$case}`);
  }
}

/** Why a context gets a new sandbox, and when. */
interface Restart {
  readonly message: string;
  readonly reason: JobError_Reason;
  readonly lostObjects: string[];
  readonly delayMs: number;
}

const ASKED: Restart = {
  message: "It was asked to restart",
  reason: JobError_Reason.REASON_UNSPECIFIED,
  lostObjects: [],
  delayMs: 0,
};

function graceOf({ force }: { force: boolean }): { graceMs?: number } {
  return force ? { graceMs: 0 } : {};
}

function messageOf(end: SandboxEnd): string {
  return end.type === "disposed" ? "The sandbox was stopped" : end.message;
}

/** By name; none when the sandbox does not tell in time. */
async function objectNames(sandbox: Sandbox): Promise<string[]> {
  const { promise, resolve } = Promise.withResolvers<NamedObject[]>();
  using _ = startTimer(OBJECTS_TIMEOUT_MS, () => resolve([]));
  const objects = await Promise.race([sandbox.objects(), promise]);
  return objects.map(({ name }) => name).sort();
}

/** Resolves with undefined when the signal is aborted. */
function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

/** Resolves after a time, or when the signal is aborted. */
async function pause(delayMs: number, { signal }: { signal: AbortSignal }): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  using _ = startTimer(delayMs, () => resolve(undefined));
  await Promise.race([promise, aborted(signal)]);
}

function toMs({ seconds, nanos }: Duration): number {
  return seconds * 1000 + nanos / 1e6;
}
