import type { SandboxSpec } from "../../runtime/mod.ts";
import { ProtocolViolation } from "../channel/report_schemas.ts";
import { type DenoProcess, FIRST_EXECUTOR } from "../process/deno_process.ts";
import type { ExecutorCommand } from "../sandbox/messages/protocol.ts";
import { createDataStreams } from "./data_streams.ts";
import { createDataThrottle, type DataThrottle } from "./data_throttle.ts";
import { chooseSlot, closeSlot, createSlot, type ExecutorSlot } from "./executor_slots.ts";

/**
 * Time that an executor has to end before the node kills the process, in milliseconds. `terminate` interrupts code, but waits until a running
 * built-in function returns.
 */
const TERMINATION_LIMIT_MS = 3000;

/** Number of loaded programs at which an idle executor is ended. A loaded module stays in memory until its executor ends. */
const MAX_LOADED = 64;

interface ExecutorsOptions {
  /** Files that jobs read through their `data` handle. */
  readonly files: SandboxSpec["files"];
  readonly jobsPerExecutor: number;
}

/** Starts and ends the executors of a sandbox process as jobs need them. */
export class Executors<Job> {
  readonly #process: DenoProcess;
  readonly #options: ExecutorsOptions;
  readonly #dataThrottle: DataThrottle;
  readonly #slots = new Map<number, ExecutorSlot<Job>>();
  #last = FIRST_EXECUTOR;

  constructor(process: DenoProcess, options: ExecutorsOptions) {
    this.#process = process;
    this.#options = options;
    this.#dataThrottle = createDataThrottle(process.channel);
    this.#add(FIRST_EXECUTOR);
  }

  get count(): number {
    return this.#slots.size;
  }

  /** Throws a ProtocolViolation if no executor has this number. */
  get(number: number): ExecutorSlot<Job> {
    const slot = this.#slots.get(number);
    if (slot === undefined) throw new ProtocolViolation(`a report from executor ${number}, which does not exist`);
    return slot;
  }

  send({ number }: ExecutorSlot<Job>, message: ExecutorCommand): void {
    this.#process.send({ type: "forward", executor: number, message });
  }

  /** Returns an executor with room for a job, started if necessary, and has it load the program. */
  acquire(digest: string): ExecutorSlot<Job> {
    const { jobsPerExecutor } = this.#options;
    const slot = chooseSlot(this.#slots.values(), { digest, jobsPerExecutor }) ?? this.#start();
    if (!slot.loaded.has(digest)) {
      slot.loaded.add(digest);
      this.#process.send({ type: "load", executor: slot.number, digest });
    }
    return slot;
  }

  /** Removes an ended run from its executor. */
  release(slot: ExecutorSlot<Job>, run: number): void {
    slot.jobs.delete(run);
    slot.wasBusy = true;
    if (slot.jobs.size === 0 && slot.loaded.size >= MAX_LOADED) this.end(slot);
  }

  /** Commands an executor to end. If it does not report its end in time, the process is killed. */
  end(slot: ExecutorSlot<Job>): void {
    if (slot.isEnding) return;
    slot.isEnding = true;
    this.#process.send({ type: "endExecutor", executor: slot.number });
    slot.endTimer = setTimeout(() => {
      this.#process.abandon(
        `Executor ${slot.number} did not stop within ${TERMINATION_LIMIT_MS} ms after it was terminated`,
      );
    }, TERMINATION_LIMIT_MS);
  }

  /** Removes an executor that reported its end. */
  remove(slot: ExecutorSlot<Job>): void {
    this.#slots.delete(slot.number);
    closeSlot(slot);
  }

  /** Ends an executor unless it has a job. */
  endIdle(number: number): void {
    const slot = this.#slots.get(number);
    if (slot?.jobs.size === 0) this.end(slot);
  }

  /** Returns the numbers of all executors, and of those that had no job since the previous call. */
  sampleActivity(): { all: ReadonlySet<number>; idle: ReadonlySet<number> } {
    const idle = new Set<number>();
    for (const slot of this.#slots.values()) {
      if (slot.jobs.size === 0 && !slot.wasBusy) idle.add(slot.number);
      slot.wasBusy = slot.jobs.size > 0;
    }
    return { all: new Set(this.#slots.keys()), idle };
  }

  /** Releases all executors after the end of the process. */
  close(): void {
    for (const slot of this.#slots.values()) closeSlot(slot);
    this.#slots.clear();
  }

  #start(): ExecutorSlot<Job> {
    this.#last += 1;
    this.#process.send({ type: "startExecutor", executor: this.#last });
    return this.#add(this.#last);
  }

  #add(number: number): ExecutorSlot<Job> {
    const data = createDataStreams({
      files: this.#options.files,
      throttle: this.#dataThrottle,
      send: (message) => this.#process.send({ type: "forward", executor: number, message }),
    });
    const slot = createSlot<Job>(number, data);
    this.#slots.set(number, slot);
    return slot;
  }
}
