import { type LogLine, LogLine_Level } from "../../../proto/node.ts";
import type { AbortReason, Execution, JobObserver, JobRun, Outcome } from "../../runtime/mod.ts";
import type { ExecutorSlot } from "../executors/executor_slots.ts";
import type { ExecutorReport, LoggedLine, LogLevel, ResultResponse } from "../sandbox/messages/protocol.ts";
import type { StackMapper } from "../stacks/stack_mapper.ts";
import { RunProtocol } from "./run_protocol.ts";
import { createSerialQueue, type SerialQueue } from "./serial_queue.ts";

/** State of a job that a sandbox runs. */
export interface RunningJob {
  readonly run: number;
  readonly job: JobRun;
  readonly observer: JobObserver;
  readonly execution: Execution;
  /** Checks the order of the reports of this run. */
  protocol: RunProtocol;
  /** Executor that runs the job; undefined while its bundle is fetched. */
  slot: ExecutorSlot<RunningJob> | undefined;
  /** Whether the observer was notified that the job runs. */
  hasStarted: boolean;
  abortReason: AbortReason | undefined;
  isTerminating: boolean;
  /** How often the job moved to another executor because the previous one did not take it. */
  moves: number;
  /**
   * Calls of the observer, in order; the outcome comes last. They wait for source maps, so for seconds. The receiver of reports bounds the
   * length of the queue.
   */
  readonly queue: SerialQueue;
  /** Newest progress in the queue. */
  progress: Extract<ExecutorReport, { type: "progress" }> | undefined;
  /** Sets the outcome; later calls do nothing. */
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
    hasStarted: false,
    abortReason: undefined,
    isTerminating: false,
    moves: 0,
    queue: createSerialQueue(),
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

export function notifyObserver(
  job: RunningJob,
  report: Extract<ExecutorReport, { type: "validating" | "running" | "progress" | "logged" | "resultBegun" }>,
  { executor, stacks }: { executor: number; stacks: StackMapper },
): void {
  switch (report.type) {
    case "validating":
      job.observer.validating();
      return;
    case "running":
      if (!job.hasStarted) job.observer.running(executor);
      job.hasStarted = true;
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

/** Queues progress for the observer. Only the newest of the queued progress is delivered. */
export function notifyProgress(
  job: RunningJob,
  report: NonNullable<RunningJob["progress"]>,
  to: { executor: number; stacks: StackMapper },
): void {
  const isWaiting = job.progress !== undefined;
  job.progress = report;
  if (isWaiting) return;
  job.queue.add(() => {
    const { progress } = job;
    job.progress = undefined;
    if (progress !== undefined) notifyObserver(job, progress, to);
  });
}

/** Passes a part of a result to the observer, and returns the response for the executor. Never rejects. */
export async function deliverPart(
  { run, observer, protocol }: RunningJob,
  { base64 }: Extract<ExecutorReport, { type: "resultPart" }>,
): Promise<ResultResponse> {
  try {
    await observer.resultPart(Buffer.from(base64, "base64"));
    return { type: "resultTaken", run };
  } catch (error) {
    // The executor receives the refusal, and the job fails with this message.
    return { type: "resultRefused", run, message: error instanceof Error ? error.message : String(error) };
  } finally {
    protocol.partAnswered();
  }
}

/** The caller sets `number` and `attempt`. */
function logLine({ level, time, text }: LoggedLine, executor: number): LogLine {
  return { number: 0, attempt: 0, executor, level: LEVELS[level], text, time: new Date(time) };
}
