import { parseArgs } from "node:util";

/** Durations, connections and repetitions of the measurements. */
export interface BenchConfig {
  readonly connections: readonly number[];
  /** Of each system. */
  readonly firstWarmUpMs: number;
  /** Of each figure. */
  readonly warmUpMs: number;
  readonly durationMs: number;
  readonly times: Times;
  /** Progress events of one watched job. */
  readonly progressEvents: number;
}

/** How often each command is timed. */
export interface Times {
  /** Ad-hoc jobs, each in a new context of its own. */
  readonly coldStarts: number;
  /** Cancelled jobs of each kind. */
  readonly cancels: number;
  readonly restarts: number;
  /** Warm jobs beside each kind of neighbor. */
  readonly neighbors: number;
  /** Jobs in the queue that is drained. */
  readonly queuedJobs: number;
}

export const USAGE = `Measures warm synchronous jobs, and what a user would pick instead, on this machine.

  npm run bench -- [--quick] [--seconds <n>]

  --quick        a short run (half a second a figure): shows that it works, not how fast
  --seconds <n>  seconds a figure (6)`;

const QUICK = {
  seconds: 0.5,
  progressEvents: 5000,
  firstWarmUpMs: 500,
  warmUpMs: 200,
  times: { coldStarts: 5, cancels: 20, restarts: 5, neighbors: 200, queuedJobs: 1000 },
};
const FULL = {
  seconds: 6,
  progressEvents: 200_000,
  firstWarmUpMs: 10_000,
  warmUpMs: 2000,
  times: { coldStarts: 30, cancels: 60, restarts: 20, neighbors: 1000, queuedJobs: 1000 },
};

/** Undefined for `--help`. Throws an Error that names an invalid flag. */
export function parseConfig(args: readonly string[]): BenchConfig | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      seconds: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const extent = values.quick ? QUICK : FULL;
  const seconds = Number(values.seconds ?? extent.seconds);
  if (!(seconds > 0 && seconds <= 600)) throw new Error(`--seconds "${values.seconds}" is not a number up to 600`);
  const { firstWarmUpMs, warmUpMs, times, progressEvents } = extent;
  return { connections: [1, 32, 128], firstWarmUpMs, warmUpMs, durationMs: seconds * 1000, times, progressEvents };
}
