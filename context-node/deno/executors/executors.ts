import type { SandboxSpec } from "../../runtime/mod.ts";
import { type DenoProcess, FIRST_EXECUTOR } from "../process/deno_process.ts";
import type { ExecutorCommand } from "../sandbox/messages/protocol.ts";
import { Violation } from "../violation.ts";
import { createDataFlow, type DataFlow } from "./data_rate.ts";
import { createDataStreams } from "./data_streams.ts";
import { chooseSlot, closeSlot, createSlot, type ExecutorSlot } from "./executor_slots.ts";

/**
 * How long an executor may take to end before the whole process is killed: `terminate` interrupts code, but waits for a built-in function
 * that is running to return.
 */
const TERMINATION_LIMIT_MS = 3000;

/** An executor with so many programs gives them back: it is ended when it is idle. A module that was loaded stays for as long as it. */
const MOST_LOADED = 64;

interface ExecutorsOptions {
  /** What jobs read through their `data` handle. */
  readonly files: SandboxSpec["files"];
  readonly jobsPerExecutor: number;
}

/** The executors of a sandbox process: started when there is need of them, and ended. */
export class Executors {
  readonly #process: DenoProcess;
  readonly #options: ExecutorsOptions;
  readonly #dataFlow: DataFlow;
  readonly #slots = new Map<number, ExecutorSlot>();
  #last = FIRST_EXECUTOR;

  constructor(process: DenoProcess, options: ExecutorsOptions) {
    this.#process = process;
    this.#options = options;
    this.#dataFlow = createDataFlow(process.channel);
    this.#add(FIRST_EXECUTOR);
  }

  get count(): number {
    return this.#slots.size;
  }

  /** Throws a Violation when there is none of this number. */
  get(number: number): ExecutorSlot {
    const slot = this.#slots.get(number);
    if (slot === undefined) throw new Violation(`a report of executor ${number}, which is not there`);
    return slot;
  }

  tell({ number }: ExecutorSlot, message: ExecutorCommand): void {
    this.#process.send({ type: "tell", executor: number, message });
  }

  /** One with room for a job, a new one if need be, that has the program or is told to load it. */
  take(digest: string): ExecutorSlot {
    const { jobsPerExecutor } = this.#options;
    const slot = chooseSlot(this.#slots.values(), { digest, jobsPerExecutor }) ?? this.#start();
    if (!slot.loaded.has(digest)) {
      slot.loaded.add(digest);
      this.#process.send({ type: "load", executor: slot.number, digest });
    }
    return slot;
  }

  /** A run has left its executor. */
  release(slot: ExecutorSlot, run: number): void {
    slot.jobs.delete(run);
    slot.wasBusy = true;
    if (slot.jobs.size === 0 && slot.loaded.size >= MOST_LOADED) this.end(slot);
  }

  /** Its end will be reported; else the process is killed. */
  end(slot: ExecutorSlot): void {
    if (slot.ending) return;
    slot.ending = true;
    this.#process.send({ type: "endExecutor", executor: slot.number });
    slot.endTimer = setTimeout(() => {
      this.#process.abandon(
        `Executor ${slot.number} did not stop within ${TERMINATION_LIMIT_MS} ms of its termination`,
      );
    }, TERMINATION_LIMIT_MS);
  }

  /** Its end was reported. */
  ended(slot: ExecutorSlot): void {
    this.#slots.delete(slot.number);
    closeSlot(slot);
  }

  /** Ends it, unless it has a job by now. */
  endIdle(number: number): void {
    const slot = this.#slots.get(number);
    if (slot?.jobs.size === 0) this.end(slot);
  }

  /** All numbers, and those of executors that had no job since the last time. */
  takeStock(): { all: ReadonlySet<number>; idle: ReadonlySet<number> } {
    const idle = new Set<number>();
    for (const slot of this.#slots.values()) {
      if (slot.jobs.size === 0 && !slot.wasBusy) idle.add(slot.number);
      slot.wasBusy = slot.jobs.size > 0;
    }
    return { all: new Set(this.#slots.keys()), idle };
  }

  /** The process is gone. */
  close(): void {
    for (const slot of this.#slots.values()) closeSlot(slot);
    this.#slots.clear();
  }

  #start(): ExecutorSlot {
    this.#last += 1;
    this.#process.send({ type: "startExecutor", executor: this.#last });
    return this.#add(this.#last);
  }

  #add(number: number): ExecutorSlot {
    const data = createDataStreams({
      files: this.#options.files,
      flow: this.#dataFlow,
      answer: (message) => this.#process.send({ type: "tell", executor: number, message }),
    });
    const slot = createSlot(number, data);
    this.#slots.set(number, slot);
    return slot;
  }
}
