import { type LogLine, LogLine_Level } from "../../../proto/node.ts";
import type { AbortReason, Execution, JobObserver, JobRun, Outcome } from "../../runtime/mod.ts";
import type { ExecutorSlot } from "../executors/executor_slots.ts";
import type { ExecutorReport, LoggedLine, LogLevel, ResultAnswer } from "../sandbox/messages/protocol.ts";
import type { StackMapper } from "../stacks/stack_mapper.ts";
import { RunProtocol } from "./report_order.ts";
import { createTurns, type Turns } from "./serial_queue.ts";

/** What the sandbox knows of a job that it runs. */
export interface RunningJob {
  readonly run: number;
  readonly job: JobRun;
  readonly observer: JobObserver;
  readonly execution: Execution;
  /** Of the attempt to run it on the executor of now. */
  protocol: RunProtocol;
  /** Where it runs; undefined while its bundle is fetched. */
  slot: ExecutorSlot | undefined;
  /** The observer was told that it runs. */
  begun: boolean;
  abortReason: AbortReason | undefined;
  terminating: boolean;
  /** How often an executor that did not take it was replaced. */
  moves: number;
  /**
   * What it says goes to the observer in order, and its outcome after that. What waits here waits for source maps, so for seconds; how much
   * may wait is bounded where reports are heard.
   */
  readonly turns: Turns;
  /** The newest progress that waits for its turn. */
  progress: Extract<ExecutorReport, { type: "progress" }> | undefined;
  /** Once only; later calls do nothing. */
  settle(outcome: Outcome): void;
}

interface Control {
  abort(job: RunningJob, reason: AbortReason): void;
  terminate(job: RunningJob): void;
}

export function createRunningJob(
  run: number,
  job: JobRun,
  { observer, control }: { observer: JobObserver; control: Control },
): RunningJob {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const running: RunningJob = {
    run,
    job,
    observer,
    protocol: new RunProtocol(),
    slot: undefined,
    begun: false,
    abortReason: undefined,
    terminating: false,
    moves: 0,
    turns: createTurns(),
    progress: undefined,
    settle: resolve,
    execution: {
      outcome: promise,
      abort: (reason) => control.abort(running, reason),
      terminate: () => control.terminate(running),
    },
  };
  return running;
}

const LEVELS: Readonly<Record<LogLevel, LogLine_Level>> = {
  debug: LogLine_Level.DEBUG,
  info: LogLine_Level.INFO,
  warn: LogLine_Level.WARN,
  error: LogLine_Level.ERROR,
};

export function tellObserver(
  job: RunningJob,
  report: Extract<ExecutorReport, { type: "validating" | "running" | "progress" | "logged" | "resultBegun" }>,
  { executor, stacks }: { executor: number; stacks: StackMapper },
): void {
  switch (report.type) {
    case "validating":
      job.observer.validating();
      return;
    case "running":
      if (!job.begun) job.observer.running(executor);
      job.begun = true;
      return;
    case "progress": {
      const { fraction, message } = report;
      job.observer.progress({
        fraction,
        message,
        stages: [],
        fields: report.fields === undefined ? undefined : JSON.parse(report.fields),
      });
      return;
    }
    case "logged":
      job.observer.logged(report.lines.map((line) => logLine({ ...line, text: stacks.map(line.text) }, executor)));
      return;
    case "resultBegun":
      job.observer.resultBegun(report.mediaType);
      return;
    default:
      report satisfies never;
  }
}

/** Passes progress on when it is its turn: of what waits, the newest. */
export function tellProgress(
  job: RunningJob,
  report: NonNullable<RunningJob["progress"]>,
  to: { executor: number; stacks: StackMapper },
): void {
  const isWaiting = job.progress !== undefined;
  job.progress = report;
  if (isWaiting) return;
  job.turns.take(() => {
    const { progress } = job;
    job.progress = undefined;
    if (progress !== undefined) tellObserver(job, progress, to);
  });
}

/** Resolves when the observer has taken a part of a result, or takes no more. Never rejects. */
export async function keepPart(
  { run, observer, protocol }: RunningJob,
  { base64 }: Extract<ExecutorReport, { type: "resultPart" }>,
): Promise<ResultAnswer> {
  try {
    await observer.resultPart(Buffer.from(base64, "base64"));
    return { type: "resultTaken", run };
  } catch (error) {
    // Whose end this is the job learns, and fails with it.
    return { type: "resultRefused", run, message: error instanceof Error ? error.message : String(error) };
  } finally {
    protocol.partAnswered();
  }
}

/** `number` and `attempt` are the caller's to set. */
function logLine({ level, time, text }: LoggedLine, executor: number): LogLine {
  return { number: 0, attempt: 0, executor, level: LEVELS[level], text, time: new Date(time) };
}
