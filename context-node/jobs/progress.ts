import { hasInfinity, MAX_NESTING, nestsDeeper, type Progress, type Stage } from "../../proto/node.ts";

/** Most jobs end before anybody could look at their progress: theirs goes with the final event. */
const FIRST_AFTER_MS = 50;

/** At most ten reports a second of one job; see `hearth.v1.JobEvent.progress`. */
const INTERVAL_MS = 100;

const LONGEST_MESSAGE = 4 * 1024;
const LARGEST_FIELDS = 32 * 1024;

/** Stages of one report; of more the newest. */
const MOST_STAGES = 200;

/** Characters of the texts of a stage: 200 stages stay well below what a server of NATS takes as one message. */
const LONGEST_STAGE_NAME = 200;
const LONGEST_FAILURE = 500;

/** Stages for which a report counts as a further one: those of many are larger, and rarer. */
const STAGES_OF_ONE = 20;

/** Passes on what a job reports, no more often than the interval: of what comes faster the newest. */
export class ProgressReports {
  readonly #send: (progress: Progress) => boolean;
  #newest: Progress | undefined;
  #timer: NodeJS.Timeout;

  /** `send` returns false for what it leaves out: that is reported later, or goes with the final event. */
  constructor(send: (progress: Progress) => boolean) {
    this.#send = send;
    this.#timer = setTimeout(() => this.#pass(), FIRST_AFTER_MS);
  }

  report(progress: Progress): void {
    this.#newest = progress;
  }

  /** Answers what was not passed on; nothing is reported after it. */
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

/** A job may report what it likes; an event has to fit into one message. */
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
