import { parseArgs } from "node:util";

/** How long and how wide to measure. */
export interface BenchConfig {
  readonly connections: readonly number[];
  readonly warmUpMs: number;
  readonly durationMs: number;
  /** Ad-hoc jobs, each in a new context of its own. */
  readonly coldStarts: number;
}

export const USAGE = `Measures warm synchronous jobs, and what a user would pick instead, on this machine.

  npm run bench -- [--quick] [--seconds <n>]

  --quick        a short run (1 s a figure): shows that it works, not how fast
  --seconds <n>  seconds a figure (6)`;

/** Undefined when help was asked for. Throws an Error that names the flag at fault. */
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
  const seconds = Number(values.seconds ?? (values.quick ? 1 : 6));
  if (!(seconds > 0 && seconds <= 600)) throw new Error(`--seconds "${values.seconds}" is not a number up to 600`);
  return {
    connections: [1, 32, 128],
    warmUpMs: Math.min(2000, seconds * 1000),
    durationMs: seconds * 1000,
    coldStarts: values.quick ? 5 : 30,
  };
}
