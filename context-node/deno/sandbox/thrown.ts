import type { ThrownError } from "./protocol.ts";

/** Longer texts are cut: an error is for people to read. */
const LONGEST_TEXT = 16_384;
const DEEPEST_CAUSE = 8;

type NameFrames = (stack: string) => string;

/** Describes whatever was thrown, with its causes. `nameFrames` rewrites or drops the frames of a stack. */
export function describeThrown(thrown: unknown, nameFrames: NameFrames): ThrownError {
  try {
    const { name, message } = nameOf(thrown);
    return { name, message: cut(message), stack: cut(stackOf(thrown, nameFrames, 0)) };
  } catch {
    // An object of the job's own making can throw from its getters.
    return { name: "Error", message: "The job threw a value that cannot be read", stack: "" };
  }
}

function nameOf(thrown: unknown): { name: string; message: string } {
  if (isError(thrown)) return { name: String(thrown.name), message: messageOf(thrown) };
  return { name: "Error", message: typeof thrown === "string" ? thrown : Deno.inspect(thrown) };
}

function stackOf(thrown: unknown, nameFrames: NameFrames, depth: number): string {
  if (!isError(thrown)) return nameOf(thrown).message;
  const lines = [nameFrames(headed(thrown))];
  if (depth === DEEPEST_CAUSE) return lines.join("\n");
  if (thrown.cause !== undefined) lines.push(`Caused by: ${stackOf(thrown.cause, nameFrames, depth + 1)}`);
  if (thrown instanceof AggregateError) {
    for (const error of thrown.errors) lines.push(`One of: ${stackOf(error, nameFrames, depth + 1)}`);
  }
  return lines.join("\n");
}

/** The stack, under a head that says what the error says now: name and message may have been set after its creation. */
function headed(error: Error): string {
  const message = messageOf(error);
  const head = message === "" ? String(error.name) : `${error.name}: ${message}`;
  const frames = String(error.stack ?? "").match(/^\s+at .*$/gm) ?? [];
  return [head, ...frames].join("\n");
}

/** Of a refused permission Deno tells how to start it otherwise, which is not for the author of a job to do. */
function messageOf(error: Error): string {
  return String(error.message).replace(/, run again with the --allow-(\w+) flag$/, (_, permission: string) =>
    permission === "net" ? "; its context does not grant it, see the setting permissions.net" : "; no job may have it",
  );
}

function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || Object.prototype.toString.call(thrown) === "[object Error]";
}

function cut(text: string): string {
  return text.length <= LONGEST_TEXT
    ? text
    : `${text.slice(0, LONGEST_TEXT)}… (${text.length - LONGEST_TEXT} more characters)`;
}
