import { hasInfinity, MAX_NESTING, nestsDeeper, type Progress, type Stage } from "../../proto/node.ts";

/** Delay of the first progress event, in milliseconds. Most jobs end earlier, and their progress is part of the final event. */
const FIRST_AFTER_MS = 50;

/** Interval between progress events of one job, in milliseconds; see `hearth.v1.JobEvent.progress`. */
const INTERVAL_MS = 100;

const LONGEST_MESSAGE = 4 * 1024;
const LARGEST_FIELDS = 32 * 1024;

/** Most stages of one event; the newest are kept. */
const MOST_STAGES = 200;

/** Characters of the texts of a stage. 200 stages stay well below the maximum payload of NATS. */
const LONGEST_STAGE_NAME = 200;
const LONGEST_FAILURE = 500;

/** Stages that count as a further event: larger events are rarer. */
const STAGES_OF_ONE = 20;

/** Forwards the progress of a job, at most once per interval; only the newest report counts. */
export class ProgressReports {
  readonly #send: (progress: Progress) => boolean;
  #newest: Progress | undefined;
  #timer: NodeJS.Timeout;

  /** `send` returns false for what it omits: that is sent later, or with the final event. */
  constructor(send: (progress: Progress) => boolean) {
    this.#send = send;
    this.#timer = setTimeout(() => this.#pass(), FIRST_AFTER_MS);
  }

  report(progress: Progress): void {
    this.#newest = progress;
  }

  /** Returns the progress that was not forwarded. Nothing may be reported afterwards. */
  close(): Progress | undefined {
    clearTimeout(this.#timer);
    return this.#newest && bounded(this.#newest);
  }

  #pass(): void {
    const stages = this.#newest?.stages.length ?? 0;
    const times = 1 + Math.min(stages, MOST_STAGES) / STAGES_OF_ONE;
    this.#timer = setTimeout(() => this.#pass(), INTERVAL_MS * times);
    if (this.#newest !== undefined && this.#send(bounded(this.#newest))) this.#newest = undefined;
  }
}

/** Jobs report anything: an event must fit into one message. */
function bounded({ fraction, message, fields, stages: all }: Progress): Progress {
  const stages = all.slice(-MOST_STAGES).map(boundedStage);
  const within = Math.min(1, Math.max(0, fraction || 0));
  const text = message.slice(0, LONGEST_MESSAGE);
  const fault = fields && faultOf(fields);
  if (fault === undefined) return { fraction: within, message: text, fields, stages };
  return { fraction: within, message: `${text} (its fields were left out: ${fault})`, fields: undefined, stages };
}

function boundedStage(stage: Stage): Stage {
  const { name, failure } = stage;
  if (name.length <= LONGEST_STAGE_NAME && failure.length <= LONGEST_FAILURE) return stage;
  return { ...stage, name: cut(name, LONGEST_STAGE_NAME), failure: cut(failure, LONGEST_FAILURE) };
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 2).toWellFormed()} …`;
}

function faultOf(fields: NonNullable<Progress["fields"]>): string | undefined {
  if (nestsDeeper(fields)) return `deeper than ${MAX_NESTING} levels`;
  if (hasInfinity(fields)) return "a number beyond those of a double";
  return JSON.stringify(fields).length > LARGEST_FIELDS ? `over ${LARGEST_FIELDS} characters` : undefined;
}
