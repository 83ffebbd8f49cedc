import type { NamedObject } from "../../proto/node.ts";
import type { Application, Execution, JobObserver, JobRun, Sandbox, SandboxEnd, SandboxSpec } from "../runtime/mod.ts";
import type { Driver } from "./process/driver.ts";
import { type DriverLog, isStarved } from "./process/driver_log.ts";
import { type DriverMessage, Violation, type Work } from "./protocol/driver_protocol.ts";
import {
  type NewVersions,
  type Replacement,
  refuseNewVersion,
  startReplacement,
} from "./runs/application_replacement.ts";
import { classesTaken, commandTooLarge, notForSpark } from "./runs/job_errors.ts";
import { createObjectList, type ObjectList } from "./runs/named_objects.ts";
import { Run } from "./runs/run.ts";
import { type ContentServer, createContentServer } from "./runs/run_content.ts";
import type { RunMessage } from "./runs/run_protocol.ts";

/** Minimum time between the abort of a job and the kill of its driver, in milliseconds: Spark cancels its tasks meanwhile. */
const PATIENCE_MS = 2_000;

export interface SparkSandboxDeps {
  /** Its SparkContext is there. */
  readonly driver: Driver;
  readonly log: DriverLog;
  readonly newVersions: NewVersions;
}

interface ReadyContext {
  readonly application: Application;
  readonly warnings: readonly string[];
}

/** Creates the sandbox of a context from a driver that is ready for runs. */
export function createSandbox(deps: SparkSandboxDeps, spec: SandboxSpec, ready: ReadyContext): Sandbox {
  return new SparkSandbox(deps, spec, ready);
}

class SparkSandbox implements Sandbox {
  readonly closed: Promise<SandboxEnd>;
  readonly application: Application;
  readonly warnings: readonly string[];
  readonly #driver: Driver;
  readonly #newVersions: NewVersions;
  readonly #runs = new Map<number, Run>();
  readonly #content: ContentServer;
  readonly #objects: ObjectList;
  readonly #log: DriverLog;
  readonly #timers = new Set<NodeJS.Timeout>();
  #lastRun = 0;
  /** Number of jobs in jars that were sent to the driver. */
  #jarRuns = 0;
  /** Set while the driver is about to end: it does as soon as its runs have ended. */
  #replacement: Replacement | undefined;
  #end: SandboxEnd | undefined;

  constructor(
    { driver, log, newVersions }: SparkSandboxDeps,
    spec: SandboxSpec,
    { application, warnings }: ReadyContext,
  ) {
    this.#driver = driver;
    this.#newVersions = newVersions;
    this.application = application;
    this.warnings = warnings;
    this.#content = createContentServer({ driver, files: spec.files });
    this.#objects = createObjectList((message) => driver.send(message));
    this.#log = log;
    this.closed = driver.ended.then((end) => this.#lose(end));
    driver.listen({
      received: (message) => this.#receive(message),
      part: (run, bytes) => this.#runOf(run).part(bytes),
    });
  }

  run(job: JobRun, observer: JobObserver): Execution {
    this.#lastRun += 1;
    const control = {
      send: (message: Parameters<Driver["send"]>[0]) => this.#driver.send(message),
      terminate: (run: Run) => this.#terminate(run),
    };
    const run = new Run(this.#lastRun, job, { observer, control });
    if (this.#end !== undefined) {
      run.settle({ type: "lost", end: this.#end });
      return run.execution;
    }
    // The replacement began while the job was starting.
    if (this.#replacement !== undefined) {
      this.#replacement.postpone(run);
      return run.execution;
    }
    const work = this.#workOf(job);
    if (work === undefined) {
      run.settle({ type: "failed", error: notForSpark() });
      return run.execution;
    }
    this.#runs.set(run.number, run);
    if (work.type === "job") this.#jarRuns += 1;
    try {
      this.#driver.send({ type: "run", run: run.number, jobId: job.jobId, work, config: job.config });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#runs.delete(run.number);
      run.settle({ type: "failed", error: commandTooLarge(error) });
    }
    return run.execution;
  }

  load(): { memoryBytes: number; executors: number } {
    return { memoryBytes: this.#driver.memoryBytes(), executors: 1 };
  }

  objects(): Promise<NamedObject[]> {
    return this.#objects.list();
  }

  dropObject(name: string): Promise<NamedObject | undefined> {
    return this.#objects.drop(name);
  }

  get processId(): number | undefined {
    return this.#driver.processId;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#driver[Symbol.asyncDispose]();
    await this.closed;
  }

  #workOf({ artifact, entryPoint }: JobRun): Work | undefined {
    switch (artifact.type) {
      case "module":
        return undefined;
      case "jars": {
        this.#content.offer(artifact.jars);
        return { type: "job", main: entryPoint, jars: artifact.jars.map(({ digest, name }) => ({ digest, name })) };
      }
      case "sql": {
        const { statement, parameters = {}, maxRows, maxBytes } = artifact.query;
        return { type: "sql", statement, parameters, maxRows, maxBytes };
      }
      default:
        return artifact satisfies never;
    }
  }

  #receive(message: Exclude<DriverMessage, { type: "beat" }>): void {
    switch (message.type) {
      case "hello":
      case "spare":
      case "ready":
      case "notReady":
        throw new Violation(`"${message.type}" of a driver that takes runs`);
      case "lost":
        return this.#driver.expire({ type: "crashed", message: `The Spark application ended: ${message.message}` });
      case "objects":
        return this.#objects.answered(message);
      case "fetch":
      case "dataOpen":
      case "dataList":
        return this.#content.answer(message);
      case "log":
        if (message.run === 0) return this.#logged(message.lines);
        return this.#receiveLate(message);
      case "progress":
        return this.#receiveLate(message);
      default:
        return this.#receiveOf(this.#runOf(message.run), message);
    }
  }

  /** Threads that a job left behind, and stages that it did not wait for, still report after its end. Drops these reports. */
  #receiveLate(message: Extract<RunMessage, { type: "log" | "progress" }>): void {
    const { run } = message;
    if (this.#runs.has(run) || run > this.#lastRun) this.#receiveOf(this.#runOf(run), message);
  }

  #runOf(number: number): Run {
    const run = this.#runs.get(number);
    if (run === undefined) throw new Violation(`a message of run ${number}, which is not running`);
    return run;
  }

  #receiveOf(run: Run, message: RunMessage): void {
    run.check(message);
    if (message.type === "conflict") return this.#conflict(run, message.message);
    switch (message.type) {
      case "succeeded":
      case "streamed":
      case "failed":
      case "rejected":
        this.#release(run);
        return run.ended(message);
      default:
        return run.received(message);
    }
  }

  /** The driver has loaded other classes under the names of this job's classes. */
  #conflict(run: Run, message: string): void {
    this.#release(run);
    const advice = refuseNewVersion(this.#newVersions, this.#jarRuns > 1);
    if (advice !== undefined) return run.settle({ type: "failed", error: classesTaken(message, advice) });
    this.#replacement ??= startReplacement(message, this.#newVersions, {
      running: () => [...this.#runs.values()],
      calledOff: () => {
        this.#replacement = undefined;
      },
    });
    this.#replacement.postponeRefused(run, message);
    this.#endIfReplaced();
  }

  #release(run: Run): void {
    this.#runs.delete(run.number);
    this.#objects.touch();
    this.#endIfReplaced();
  }

  #endIfReplaced(): void {
    if (this.#replacement === undefined || this.#runs.size > 0) return;
    this.#replacement[Symbol.dispose]();
    this.#driver.expectEnd({ type: "replaced", message: this.#replacement.message });
    void this.#driver[Symbol.asyncDispose]();
  }

  /** Kills the driver unless the run ends in time: Java cannot end a thread. */
  #terminate(run: Run): void {
    if (!this.#runs.has(run.number)) return;
    const now = performance.now();
    const waitedMs = now - (run.abortedAt ?? now);
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        if (!this.#runs.has(run.number)) return;
        const seconds = Math.round((performance.now() - now + waitedMs) / 1000);
        const message = `Job ${run.job.jobId} ignored its cancellation for ${seconds} s and the Spark driver was killed`;
        this.#runs.delete(run.number);
        this.#driver.kill({ type: "crashed", message });
        void this.closed.then(() => run.settle({ type: "terminated" }));
      },
      Math.max(0, PATIENCE_MS - waitedMs),
    );
    this.#timers.add(timer);
  }

  #logged(lines: Extract<DriverMessage, { type: "log" }>["lines"]): void {
    this.#log.write(lines);
    const starved = lines.filter(isStarved);
    if (starved.length > 0) for (const run of this.#runs.values()) run.logged(starved);
  }

  async #lose(end: SandboxEnd): Promise<SandboxEnd> {
    this.#end = end;
    this.#replacement?.[Symbol.dispose]();
    this.#content.close();
    for (const timer of this.#timers) clearTimeout(timer);
    const lost = [...this.#runs.values()];
    this.#runs.clear();
    for (const run of lost) run.settle({ type: "lost", end });
    this.#objects[Symbol.dispose]();
    return end;
  }
}
