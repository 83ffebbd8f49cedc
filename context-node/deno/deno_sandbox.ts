import { type ContextSettings, JobError_Reason, type NamedObject } from "../../proto/node.ts";
import type {
  AbortReason,
  Execution,
  JobObserver,
  JobRun,
  Outcome,
  Sandbox,
  SandboxEnd,
  SandboxSpec,
} from "../runtime/mod.ts";
import { ProtocolViolation } from "./channel/report_schemas.ts";
import type { ExecutorSlot } from "./executors/executor_slots.ts";
import { Executors } from "./executors/executors.ts";
import { createObjectList, type ObjectList } from "./executors/object_list.ts";
import { bundleNotFetched, executorEnded, jobError, notAModule } from "./jobs/job_errors.ts";
import { createRunningJob, deliverPart, notifyObserver, notifyProgress, type RunningJob } from "./jobs/running_job.ts";
import { createSentPrograms, type SentPrograms } from "./jobs/sent_programs.ts";
import type { DenoProcess } from "./process/deno_process.ts";
import type { ExecutorEnd, ExecutorReport, SandboxReport, ThrownError } from "./sandbox/messages/protocol.ts";
import type { SourceMaps } from "./stacks/source_maps.ts";
import { watchSandbox } from "./watches/watch_sandbox.ts";

/** Maximum number of times that a job moves to another executor because the previous one did not take it. */
const MAX_MOVES = 3;

/** Maximum number of reports of one run that wait for source maps: more than an executor sends meanwhile. */
const MAX_QUEUED_REPORTS = 50_000;

interface SandboxDeps {
  readonly process: DenoProcess;
  readonly sourceMaps: SourceMaps;
}

/** Turns a process that is ready into the sandbox of a context. */
export function createSandbox(deps: SandboxDeps, spec: SandboxSpec): Sandbox {
  return new DenoSandbox(deps, spec);
}

class DenoSandbox implements Sandbox {
  readonly closed: Promise<SandboxEnd>;
  readonly #process: DenoProcess;
  readonly #settings: ContextSettings;
  readonly #executors: Executors<RunningJob>;
  readonly #jobs = new Map<number, RunningJob>();
  readonly #programs: SentPrograms;
  readonly #objects: ObjectList;
  readonly #watches: Disposable;
  #lastRun = 0;
  #end: SandboxEnd | undefined;

  constructor({ process, sourceMaps }: SandboxDeps, { contextId, name, settings, files }: SandboxSpec) {
    this.#process = process;
    this.#settings = settings;
    this.#programs = createSentPrograms((command) => process.send(command), sourceMaps);
    this.#objects = createObjectList((command) => process.send(command));
    this.#executors = new Executors(process, { files, jobsPerExecutor: settings.jobsPerExecutor });
    process.listen((report) => this.#receive(report));
    this.#watches = watchSandbox(process, this.#executors);
    if (settings.permissions?.secrets.length) process.conceal();
    process.send({
      type: "open",
      context: { id: contextId, name, settings: settings.settings ?? {} },
      permissions: settings.permissions ?? { net: [], secrets: [] },
      env: settings.env,
      objectBytes: settings.namedObjectsBytes,
    });
    this.closed = process.ended.then((end) => this.#processEnded(end));
  }

  run(job: JobRun, observer: JobObserver): Execution {
    this.#lastRun += 1;
    const running = createRunningJob(this.#lastRun, job, {
      observer,
      control: {
        abort: (target, reason) => this.#abort(target, reason),
        terminate: (target) => this.#terminate(target),
      },
    });
    if (this.#end !== undefined) {
      running.settle({ type: "lost", end: this.#end });
      return running.execution;
    }
    const { artifact } = job;
    if (artifact.type !== "module") {
      running.settle({ type: "failed", error: notAModule(artifact.type) });
      return running.execution;
    }
    this.#jobs.set(running.run, running);
    const sent = this.#programs.send({ ...job, artifact });
    if (sent === undefined) this.#start(running);
    else {
      sent.then(
        () => this.#start(running),
        (error: Error) => this.#finish(running, { type: "failed", error: bundleNotFetched(error) }),
      );
    }
    return running.execution;
  }

  load(): { memoryBytes: number; executors: number } {
    return { memoryBytes: this.#process.memoryBytes(), executors: this.#executors.count };
  }

  async objects(): Promise<NamedObject[]> {
    return this.#objects.list();
  }

  dropObject(name: string): Promise<NamedObject | undefined> {
    return this.#objects.drop(name);
  }

  get processId(): number | undefined {
    return this.#process.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await this.closed;
  }

  #start(running: RunningJob): void {
    const { run, job } = running;
    if (!this.#jobs.has(run)) return;
    const { jobId, entryPoint, config, binaryDigest: digest } = job;
    const slot = this.#executors.acquire(digest);
    running.slot = slot;
    slot.jobs.set(run, running);
    this.#executors.send(slot, { type: "run", run, jobId, digest, entryPoint, config });
    if (running.abortReason !== undefined) this.#abort(running, running.abortReason);
  }

  #abort(running: RunningJob, reason: AbortReason): void {
    running.abortReason = reason;
    if (running.slot === undefined || !this.#jobs.has(running.run)) return;
    this.#executors.send(running.slot, { type: "abort", run: running.run, reason });
  }

  #terminate(running: RunningJob): void {
    if (!this.#jobs.has(running.run)) return;
    running.isTerminating = true;
    if (running.slot === undefined) this.#finish(running, { type: "terminated" });
    else this.#executors.end(running.slot);
  }

  #receive(report: SandboxReport): void {
    switch (report.type) {
      case "ready":
        throw new ProtocolViolation('a second "ready"');
      case "pong":
        return;
      case "reported": {
        const slot = this.#executors.get(report.executor);
        for (const message of report.messages) this.#receiveExecutorReport(slot, message);
        return;
      }
      case "unresponsive":
        return this.#unresponsive(this.#executors.get(report.executor));
      case "executorEnded":
        return this.#executorEnded(this.#executors.get(report.executor), report.end);
      case "objectStored":
      case "objectRemoved":
      case "objectDropped":
        return this.#objects.apply(report);
      default:
        report satisfies never;
    }
  }

  #receiveExecutorReport(slot: ExecutorSlot<RunningJob>, report: ExecutorReport): void {
    switch (report.type) {
      case "dataList":
      case "dataOpen":
      case "dataPull":
      case "dataCancel":
        return slot.data.receive(report);
      case "crashed":
        slot.reportedEnd ??= report;
        return this.#executors.end(slot);
      case "outOfHeap":
        slot.reportedEnd ??= { type: "outOfMemory" };
        return this.#executors.end(slot);
      default: {
        const running = slot.jobs.get(report.run);
        if (running === undefined)
          throw new ProtocolViolation(`"${report.type}" of run ${report.run}, which does not run on this executor`);
        running.protocol.check(report);
        if (running.queue.length > MAX_QUEUED_REPORTS)
          throw new ProtocolViolation(`more than ${MAX_QUEUED_REPORTS} queued reports of run ${report.run}`);
        this.#receiveRunReport(running, slot, report);
      }
    }
  }

  #receiveRunReport(
    running: RunningJob,
    slot: ExecutorSlot<RunningJob>,
    report: Extract<ExecutorReport, { run: number }>,
  ): void {
    switch (report.type) {
      case "logged":
        if (!running.protocol.countLines(report.lines)) return;
        for (const { text } of report.lines) this.#loadStacks(running, text);
        return this.#notify(running, slot, report);
      case "validating":
      case "running":
      case "resultBegun":
        return this.#notify(running, slot, report);
      case "progress":
        return notifyProgress(running, report, { executor: slot.number, stacks: this.#programs.stacks });
      case "resultPart":
        running.queue.add(() => {
          void deliverPart(running, report).then((message) => this.#executors.send(slot, message));
        });
        return;
      case "streamed":
        return this.#finish(running, { type: "streamed" });
      case "succeeded":
        return this.#finish(running, { type: "succeeded", json: report.json });
      case "rejected":
        return this.#finish(running, { type: "rejected", problems: report.problems });
      case "denied":
        return this.#finish(running, { type: "denied", message: report.message });
      case "failed":
        return this.#fail(running, JobError_Reason[report.reason], report.error);
      default:
        report satisfies never;
    }
  }

  #notify(
    running: RunningJob,
    { number }: ExecutorSlot<RunningJob>,
    report: Parameters<typeof notifyObserver>[1],
  ): void {
    running.queue.add(() => notifyObserver(running, report, { executor: number, stacks: this.#programs.stacks }));
  }

  /** Later reports of the run wait for the source maps of the text. */
  #loadStacks(running: RunningJob, text: string): void {
    running.queue.add(() => this.#programs.stacks.load(text));
  }

  #fail(running: RunningJob, reason: JobError_Reason, thrown: ThrownError): void {
    this.#release(running);
    this.#loadStacks(running, thrown.stack);
    running.queue.add(() => {
      const stack = this.#programs.stacks.map(thrown.stack);
      running.settle({ type: "failed", error: jobError(reason, { ...thrown, stack }) });
    });
  }

  /** Ends the run at once, and settles its outcome after the observer got all of its reports. */
  #finish(running: RunningJob, outcome: Outcome): void {
    this.#release(running);
    running.queue.add(() => running.settle(outcome));
  }

  #release(running: RunningJob): void {
    this.#jobs.delete(running.run);
    const { slot } = running;
    if (slot !== undefined) this.#executors.release(slot, running.run);
  }

  /** Replaces an executor that takes no jobs, unless one of its jobs keeps it busy; the others move to another executor. */
  #unresponsive(slot: ExecutorSlot<RunningJob>): void {
    const jobs = [...slot.jobs.values()];
    if (jobs.some(({ protocol, moves }) => protocol.isTaken || moves === MAX_MOVES)) return;
    this.#executors.end(slot);
  }

  #executorEnded(slot: ExecutorSlot<RunningJob>, end: ExecutorEnd): void {
    this.#executors.remove(slot);
    const cause = slot.reportedEnd ?? end;
    for (const running of slot.jobs.values()) {
      if (running.isTerminating) this.#finish(running, { type: "terminated" });
      else if (!running.protocol.isTaken && running.moves < MAX_MOVES) this.#move(running);
      else if (cause.type === "crashed") this.#fail(running, JobError_Reason.THROWN, cause.error);
      else this.#finish(running, { type: "failed", error: executorEnded(cause, this.#settings) });
    }
  }

  /** Starts a job again whose executor ended without taking it. */
  #move(running: RunningJob): void {
    running.moves += 1;
    this.#start(running);
  }

  async #processEnded(end: SandboxEnd): Promise<SandboxEnd> {
    this.#end = end;
    this.#watches[Symbol.dispose]();
    const lost = [...this.#jobs.values()];
    for (const running of lost) this.#finish(running, { type: "lost", end });
    this.#executors.close();
    this.#objects.close();
    await Promise.all(lost.map(({ execution }) => execution.outcome));
    return end;
  }
}
