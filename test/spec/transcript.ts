import { expect } from "vitest";
import { until } from "../until.ts";

/** Longest wait until a command prints what the transcript says, in milliseconds. */
const DEADLINE_MS = 40_000;

/** A command of a transcript: its words and named values, and the lines that it is to print. */
export interface Command {
  readonly line: number;
  readonly text: string;
  readonly words: readonly string[];
  readonly values: Readonly<Record<string, string>>;
  readonly expected: readonly string[];
}

/** Runs one command. What it resolves to is printed; it is called again while that differs from the transcript. */
export type Step = () => readonly string[] | Promise<readonly string[]>;

/**
 * Parses a transcript. Lines that begin with `#` are prose, those that begin with `>` are commands (`> submit j context=c`), and the
 * lines up to the next command or empty line are what the command prints.
 */
export function parseTranscript(text: string): Command[] {
  const commands: (Command & { readonly expected: string[] })[] = [];
  let isOpen = false;
  for (const [index, line] of text.split("\n").entries()) {
    if (line.startsWith(">")) {
      const parts = line.slice(1).trim().split(/\s+/);
      const values = parts.filter((part) => part.includes("=")).map((part) => part.split("=", 2));
      const words = parts.filter((part) => !part.includes("="));
      commands.push({ line: index + 1, text: line, words, values: Object.fromEntries(values), expected: [] });
      isOpen = true;
      continue;
    }
    if (line.trim() === "" || line.startsWith("#")) {
      isOpen = false;
      continue;
    }
    if (!isOpen) throw new Error(`Line ${index + 1} belongs to no command: ${line}`);
    commands.at(-1)?.expected.push(line.trimEnd());
  }
  return commands;
}

/** Runs a transcript: does each command, and compares what it prints with what the transcript says. */
export async function runTranscript(text: string, start: (command: Command) => Promise<Step>): Promise<void> {
  for (const command of parseTranscript(text)) {
    const print = await start(command);
    const holds = async () => (await print()).join("\n") === command.expected.join("\n");
    // The comparison after it fails with the difference.
    await until(command.text, holds, { deadlineMs: DEADLINE_MS }).catch(() => {});
    expect(await print(), `line ${command.line}: ${command.text}`).toEqual(command.expected);
  }
}
