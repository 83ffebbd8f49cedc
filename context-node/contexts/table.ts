import { deadline, startTimer } from "../../lib/async/mod.ts";
import type {
  CancelJob,
  ContextLoad,
  HeldJob,
  NamedObject,
  NodeLoad,
  ObjectsRequest,
  Refusal,
  RestartContext,
  RunJob,
  StartContext,
  StopContext,
} from "../../proto/node.ts";
import { type HeldAttempt, HostedJob } from "../jobs/mod.ts";
import type { Runtimes } from "../runtime/mod.ts";
import type { Session } from "../session/mod.ts";
import { HostedContext } from "./context.ts";
import type { ContextDeps } from "./context_deps.ts";
import { completeSettings, runtimeOf } from "./context_settings.ts";
import {
  contextNotHeld,
  draining,
  jobNotHeld,
  malformedId,
  noRoom,
  noRuntime,
  numberTooLarge,
  queueFull,
  runtimeKept,
} from "./refusal.ts";

/** Longest grace period of a job that a drain cancels, in milliseconds: a process manager kills the node before long. */
const LONGEST_GRACE_MS = 5_000;

export interface ContextTableDeps extends Omit<ContextDeps, "owner" | "runtime"> {
  readonly runtimes: Runtimes;
  /** Memory for all contexts, in bytes. */
  readonly memoryBytes: number;
}

/** Bounds of numbers in commands: events count on from them, log lines take a range per attempt, and the delay is added to a date. */
const LARGEST_FIRST_SEQ = { firstSeq: 2 ** 31 };
const LARGEST_OF_JOB = { ...LARGEST_FIRST_SEQ, attempt: 100_000, retryDelayMs: 10 ** 15 };

interface EndedAttempt extends HeldAttempt {
  /** Whether it was the last event of the job. */
  readonly isFinal: boolean;
}

/** The contexts of this node and their jobs. Disposal ends them all at once. */
export class ContextTable implements AsyncDisposable {
  readonly #deps: ContextTableDeps;
  /** Contexts that are not final, by id. */
  readonly #contexts = new Map<string, HostedContext>();
  /** Jobs that are not final, by id; of two attempts the later one. */
  readonly #jobs = new Map<string, HostedJob>();
  /** Attempts whose last event no gateway has acknowledged, by job id; of two attempts the later one. */
  readonly #unacknowledged = new Map<string, EndedAttempt>();
  #openJobs = 0;
  #isDraining = false;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(deps: ContextTableDeps) {
    this.#deps = deps;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  get contextIds(): string[] {
    return [...this.#contexts.keys()];
  }

  get heldJobs(): HeldJob[] {
    const open = Array.from(this.#jobs.values(), ({ command: { jobId, attempt } }) => ({ jobId, attempt }));
    const ended = Array.from(this.#unacknowledged.values(), ({ jobId, attempt }) => ({ jobId, attempt }));
    return [...open, ...ended];
  }

  /** Accepts a job, or returns the refusal. An attempt that is already held continues, and its events go to this session. */
  runJob(command: RunJob, session: Session): Refusal | undefined {
    const { jobId, attempt, contextId } = command;
    if (!isId(jobId)) return malformedId(jobId);
    if (!isWithin(command, LARGEST_OF_JOB)) return numberTooLarge(jobId, LARGEST_OF_JOB);
    const open = this.#jobs.get(jobId);
    const held = [open?.held, this.#unacknowledged.get(jobId)].find((each) => each?.attempt === attempt);
    if (held !== undefined) {
      this.#deps.events.moveJob(held.route, session);
      return undefined;
    }
    if (this.#isDraining) return draining(jobId, "The node");
    if (this.#deps.events.isFull) return queueFull(jobId, "Too many events of the node wait for gateways");
    const context = this.#contexts.get(contextId);
    if (context === undefined) return contextNotHeld(jobId, contextId);
    const taken = context.run(command, session);
    if (!(taken instanceof HostedJob)) return taken;
    // The previous attempt was abandoned: its events are void.
    open?.stop("cancelled", { graceMs: 0 });
    this.#jobs.set(jobId, taken);
    this.#openJobs++;
    return undefined;
  }

  cancelJob({ jobId }: CancelJob): Refusal | undefined {
    const job = this.#jobs.get(jobId);
    if (job === undefined && this.#unacknowledged.get(jobId)?.isFinal !== true) return jobNotHeld(jobId);
    job?.stop("cancelled");
    return undefined;
  }

  /** Starts a context, or returns the refusal. If it is already held, sends its last event again. */
  startContext(command: StartContext, session: Session): Refusal | undefined {
    const { contextId } = command;
    if (!isId(contextId)) return malformedId(contextId);
    if (!isWithin(command, LARGEST_FIRST_SEQ)) return numberTooLarge(contextId, LARGEST_FIRST_SEQ);
    const held = this.#contexts.get(contextId);
    if (held !== undefined) {
      held.repeat(session, command);
      return undefined;
    }
    if (this.#isDraining) return draining(contextId, "The node");
    const wantedBytes = completeSettings(command.settings).memoryBytes;
    const freeBytes = this.#deps.memoryBytes - this.#promisedBytes;
    if (wantedBytes > freeBytes) return noRoom(contextId, { wantedBytes, freeBytes });
    const name = runtimeOf(command.settings);
    const runtime = this.#deps.runtimes.get(name);
    if (runtime === undefined) return noRuntime(contextId, name);
    this.#contexts.set(contextId, new HostedContext({ ...this.#deps, runtime, owner: this }, command));
    return undefined;
  }

  restartContext({ contextId, settings, force }: RestartContext): Refusal | undefined {
    const context = this.#contexts.get(contextId);
    if (context === undefined) return contextNotHeld(contextId, contextId);
    if (this.#isDraining) return draining(contextId, "The node");
    if (settings !== undefined && runtimeOf(settings) !== runtimeOf(context.settings))
      return runtimeKept(contextId, context);
    const wantedBytes = settings === undefined ? 0 : completeSettings(settings).memoryBytes;
    const freeBytes = this.#deps.memoryBytes - this.#promisedBytes + context.settings.memoryBytes;
    if (wantedBytes > freeBytes) return noRoom(contextId, { wantedBytes, freeBytes });
    return context.restart({ settings, force });
  }

  /** The named objects of a context, or the dropped one. Undefined when the context is not held. */
  async objects({ contextId, drop }: ObjectsRequest): Promise<NamedObject[] | undefined> {
    return this.#contexts.get(contextId)?.objects({ drop });
  }

  stopContext({ contextId, force, drain }: StopContext): Refusal | undefined {
    const context = this.#contexts.get(contextId);
    if (context === undefined) return contextNotHeld(contextId, contextId);
    if (drain) context.drain("it was asked to finish its jobs");
    else context.stop({ force });
    return undefined;
  }

  load(): { node: NodeLoad; contexts: Record<string, ContextLoad> } {
    const contexts: Record<string, ContextLoad> = {};
    const node: NodeLoad = {
      memoryBytes: this.#deps.memoryBytes,
      promisedMemoryBytes: this.#promisedBytes,
      contexts: this.#contexts.size,
      runningJobs: 0,
      queuedJobs: 0,
    };
    for (const context of this.#contexts.values()) {
      const load = context.load();
      contexts[context.id] = load;
      node.runningJobs += load.runningJobs;
      node.queuedJobs += load.queuedJobs;
    }
    return { node, contexts };
  }

  /**
   * Refuses new work, lets jobs finish until the timeout, cancels the rest, and resolves when all contexts are stopped. Grace periods
   * longer than the remaining time end early.
   */
  async drain({ timeoutMs }: { timeoutMs: number }): Promise<void> {
    this.#isDraining = true;
    if (this.#openJobs > 0) {
      this.#idle = Promise.withResolvers();
      await deadline(this.#idle.promise, timeoutMs, () => {});
    }
    const contexts = [...this.#contexts.values()];
    for (const context of contexts) context.stop({ force: false });
    using _ = startTimer(LONGEST_GRACE_MS, () => {
      for (const context of contexts) context.stop({ force: true });
    });
    await Promise.all(contexts.map(({ closed }) => closed));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDraining = true;
    await Promise.all(Array.from(this.#contexts.values(), (context) => context.dispose()));
  }

  jobEnded(job: HostedJob, { isFinal }: { isFinal: boolean }): void {
    const { id, held } = job;
    if (this.#jobs.get(id) === job) this.#jobs.delete(id);
    const later = this.#unacknowledged.get(id);
    if (later === undefined || later.attempt <= held.attempt) this.#unacknowledged.set(id, { ...held, isFinal });
    this.#openJobs--;
    if (this.#openJobs === 0) this.#idle?.resolve();
  }

  jobAcknowledged({ jobId, attempt }: HeldJob): void {
    if (this.#unacknowledged.get(jobId)?.attempt === attempt) this.#unacknowledged.delete(jobId);
  }

  contextClosed(context: HostedContext): void {
    this.#contexts.delete(context.id);
  }

  get #promisedBytes(): number {
    let bytes = 0;
    for (const { settings } of this.#contexts.values()) bytes += settings.memoryBytes;
    return bytes;
  }
}

function isWithin<Name extends string>(
  command: Readonly<Record<NoInfer<Name>, number>>,
  largest: Readonly<Record<Name, number>>,
): boolean {
  return (Object.keys(largest) as Name[]).every((name) => command[name] <= largest[name]);
}

/** Ids become part of subjects and paths. */
function isId(id: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(id);
}
