import { type ParseArgsConfig, parseArgs } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;

export interface Program<Flags extends Options> {
  /** Command from the root of the repository: `node plugins/…`. */
  readonly command: string;
  /** Its arguments and their effects. */
  readonly usage: string;
  /** Options for Node's parser. `--help` is added. */
  readonly flags: Flags;
}

/** The arguments of a program. */
export type CommandLine<Flags extends Options> = ReturnType<
  typeof parseArgs<{ allowPositionals: true; options: Flags }>
>;

/** The command line is invalid. */
export class UsageError extends Error {}

/**
 * Runs a program with the command line of this process. Errors are one line on standard error; the exit code is 2 for an invalid command
 * line, 1 for other errors. Without arguments the program prints its usage.
 */
export async function runProgram<Flags extends Options>(
  { command, usage, flags }: Program<Flags>,
  run: (line: CommandLine<Flags>) => Promise<void>,
): Promise<void> {
  const text = `Usage: ${command} ${usage}\n`;
  try {
    const line = parseCommandLine(flags);
    if ("help" in line.values) process.stdout.write(text);
    else if (isEmpty(line)) {
      process.stderr.write(text);
      process.exitCode = 2;
    } else await run(line);
  } catch (error) {
    const isUsage = error instanceof UsageError;
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(isUsage ? `${message}. How it is called: ${command} --help\n` : `${message}\n`);
    process.exitCode = isUsage ? 2 : 1;
  }
}

function parseCommandLine<Flags extends Options>(flags: Flags): CommandLine<Flags> {
  try {
    const options = { ...flags, help: { type: "boolean" } } as const;
    return parseArgs({ allowPositionals: true, options }) as CommandLine<Flags>;
  } catch (error) {
    // Further sentences are about arguments with a leading dash.
    const [fault] = (error as Error).message.split(/\.?\n|\. /, 1);
    throw new UsageError(`Cannot read the command line: ${fault}`, { cause: error });
  }
}

function isEmpty({
  values,
  positionals,
}: {
  readonly values: object;
  readonly positionals: readonly string[];
}): boolean {
  return positionals.length === 0 && Object.keys(values).length === 0;
}
