import type { Logger } from "pino";
import type {
  ContextEvent,
  ContextLoad,
  ContextSettings,
  HeldJob,
  Refusal,
  RunJob,
  StartContext,
} from "../../proto/node.ts";
import type { BlobCache, ResultStore } from "../blobs/mod.ts";
import type { ContextHappening, Events, JobHappening } from "../events/mod.ts";
import { HostedJob, JobQueue, lost, lostReason } from "../jobs/mod.ts";
import type { FileSource, Runtime, Sandbox, SandboxEnd } from "../runtime/mod.ts";
import type { Session } from "../session/mod.ts";
import { startTimer } from "../timer.ts";
import { draining, queueFull } from "./refusal.ts";
import { completeSettings } from "./settings.ts";

/** A context made for one job whose job never comes is stopped after this. */
const AD_HOC_IDLE_MS = 60_000;

export interface ContextDeps {
  readonly runtime: Runtime;
  readonly events: Events;
  readonly blobs: BlobCache;
  readonly results: ResultStore;
  readonly files: FileSource;
  readonly log: Pick<Logger, "info" | "warn">;
  readonly owner: ContextOwner;
}

/** Who holds all contexts and their jobs. */
export interface ContextOwner {
  /** The final event of a job was sent. */
  jobEnded(job: HostedJob): void;
  /** JetStream has it. */
  jobStored(job: HeldJob): void;
  /** The final event of the context was sent. */
  contextClosed(context: HostedContext): void;
}

type State = "starting" | "running" | "stopping" | "ended";

/** A sandbox with its slots and its queue, from the command to start it to its final event. */
export class HostedContext {
  readonly id: string;
  readonly name: string;
  readonly settings: ContextSettings;
  /** On which its events go out. */
  session: Session;
  /** Resolves after its final event, when nothing of it is left. Never rejects. */
  readonly closed: Promise<void>;
  readonly #deps: ContextDeps;
  readonly #isAdHoc: boolean;
  readonly #queue = new JobQueue<HostedJob>();
  /** Those that have a slot. */
  readonly #running = new Set<HostedJob>();
  readonly #starting = new AbortController();
  /** Resolves when it is to be stopped and has no job left. */
  readonly #emptied = Promise.withResolvers<undefined>();
  #state: State = "starting";
  #sandbox: Sandbox | undefined;
  #seq: number;
  #lastEvent: ContextEvent | undefined;
  /** Jobs whose final event is not sent. */
  #openJobs = 0;
  #idleSince = performance.now();
  #idle: Disposable | undefined;

  constructor(deps: ContextDeps, { contextId, name, settings, adHoc, firstSeq }: StartContext, session: Session) {
    this.#deps = deps;
    this.id = contextId;
    this.name = name;
    this.settings = completeSettings(settings);
    this.session = session;
    this.#isAdHoc = adHoc;
    this.#seq = firstSeq || 1;
    this.closed = this.#live();
  }

  /** Runs a job now, or when it is its turn. Answers why it does not. */
  run(command: RunJob, session: Session): HostedJob | Refusal {
    if (this.#state === "stopping" || this.#state === "ended") return draining(command.jobId, `Context "${this.name}"`);
    const { maxJobsPerContext: slots, maxQueuedJobs = 0 } = this.settings;
    const isWaiting = this.#running.size + this.#queue.size >= slots;
    // Jobs that only wait for the sandbox to start have a slot in all but name.
    const queued = this.#running.size + this.#queue.size - slots;
    if (isWaiting && (command.noQueue || queued >= maxQueuedJobs)) return this.#full(command);

    const job = new HostedJob({ ...this.#deps, owner: this }, command, session);
    this.#openJobs++;
    const before = this.#queue.add(job);
    if (isWaiting) job.waits(this.#running.size + before - slots + 1);
    else this.#startWaiting();
    return job;
  }

  /** Cancels its jobs, with `force` without grace, and ends it when they have ended. */
  stop({ force }: { force: boolean }): void {
    if (this.#state === "ended") return;
    if (this.#state !== "stopping") {
      this.#state = "stopping";
      this.#tell({ $case: "stopping", value: {} });
    }
    for (const job of [...this.#queue, ...this.#running]) job.stop("contextStopped", force ? { graceMs: 0 } : {});
    this.#closeWhenEmpty();
  }

  /** Ends it at once, whatever its jobs do. */
  async dispose(): Promise<void> {
    this.stop({ force: true });
    this.#starting.abort(new Error("The node is closing"));
    this.#emptied.resolve(undefined);
    await this.closed;
  }

  /** Tells a session that asks for what is there already how things are. */
  repeat(session: Session): void {
    this.session = session;
    if (this.#lastEvent !== undefined) this.#deps.events.repeatContext(this.#lastEvent, { session });
  }

  load(): ContextLoad {
    const { memoryBytes, executors } = this.#sandbox?.load() ?? { memoryBytes: 0, executors: 0 };
    return { memoryBytes, executors, runningJobs: this.#running.size, queuedJobs: this.#queue.size };
  }

  sandboxLost(): void {
    this.#sandbox = undefined;
  }

  released(job: HostedJob): void {
    if (!this.#running.delete(job)) this.#queue.delete(job);
    this.#startWaiting();
  }

  ended(job: HostedJob, type: JobHappening["$case"]): void {
    this.#openJobs--;
    this.#idleSince = performance.now();
    this.#deps.owner.jobEnded(job);
    if (this.#isAdHoc || (type === "failed" && this.settings.stopOnJobError)) this.stop({ force: false });
    else this.#closeWhenEmpty();
  }

  stored(job: HeldJob): void {
    this.#deps.owner.jobStored(job);
  }

  async #live(): Promise<void> {
    const started = await this.#startSandbox();
    if (started instanceof Error) return this.#over({ type: "crashed", message: started.message });
    this.#sandbox = started;
    if (this.#state === "starting") this.#ready();
    const end = await Promise.race([started.closed, this.#emptied.promise]);
    this.#sandbox = undefined;
    await started[Symbol.asyncDispose]();
    this.#over(end ?? { type: "disposed" });
  }

  async #startSandbox(): Promise<Sandbox | Error> {
    const { id: contextId, name, settings } = this;
    const { runtime, files } = this.#deps;
    try {
      return await runtime.startSandbox({ contextId, name, settings, files }, { signal: this.#starting.signal });
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #ready(): void {
    this.#state = "running";
    this.#tell({ $case: "running", value: {} });
    this.#idleSince = performance.now();
    const { idleTimeout } = this.settings;
    if (idleTimeout !== undefined) this.#watchIdle(idleTimeout.seconds * 1000 + idleTimeout.nanos / 1e6);
    else if (this.#isAdHoc) this.#watchIdle(AD_HOC_IDLE_MS);
    this.#startWaiting();
  }

  #over(end: SandboxEnd): void {
    const asked = this.#state === "stopping";
    this.#state = "ended";
    this.#idle?.[Symbol.dispose]();
    for (const job of [...this.#queue]) job.fail(lost(end));
    if (asked) this.#tell({ $case: "stopped", value: {} });
    else this.#tell({ $case: "failed", value: { message: messageOf(end), reason: lostReason(end) } });
    this.#deps.owner.contextClosed(this);
  }

  #startWaiting(): void {
    while (this.#sandbox !== undefined && this.#running.size < this.settings.maxJobsPerContext) {
      const job = this.#queue.take();
      if (job === undefined) return;
      this.#running.add(job);
      job.start(this.#sandbox);
    }
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

  #closeWhenEmpty(): void {
    if (this.#state !== "stopping" || this.#openJobs > 0) return;
    this.#starting.abort(new Error("The context was stopped"));
    this.#emptied.resolve(undefined);
  }

  #full({ jobId, noQueue }: RunJob): Refusal {
    const { maxJobsPerContext: slots, maxQueuedJobs } = this.settings;
    const busy = `All ${slots} slots of context "${this.name}" are taken`;
    return queueFull(jobId, noQueue ? `${busy}, and the job may not wait` : `${busy}, and ${maxQueuedJobs} jobs wait`);
  }

  #tell(happening: ContextHappening): void {
    const { id: contextId, name: context, session } = this;
    this.#lastEvent = this.#deps.events.context({ contextId, context, seq: this.#seq++ }, happening, { session });
    this.#deps.log.info({ context: this.id, name: this.name, event: happening }, `context ${happening.$case}`);
  }
}

function messageOf(end: SandboxEnd): string {
  return end.type === "disposed" ? "The sandbox was stopped" : end.message;
}
