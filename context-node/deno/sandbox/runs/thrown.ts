import {
  isArray,
  join,
  NativeAggregateError,
  NativeError,
  pattern,
  push,
  textOf,
  toText,
} from "../confinement/primordials.ts";
import type { ThrownError } from "../messages/protocol.ts";
import { cutText } from "./value_text.ts";

const MAX_CAUSE_DEPTH = 8;

type NameFrames = (stack: string) => string;

/** Captured: a job may replace it, and it gets what a job threw. */
const { inspect } = Deno;

const FRAME = pattern(/^\s+at .*$/gm);
/** Where Deno says how to start it with more permissions, which is not for the author of a job to do. */
const HINT = pattern(/, run again with the --allow-(\w+) flag$/);

/** Describes whatever was thrown, with its causes. `nameFrames` rewrites or drops the frames of a stack. */
export function describeThrown(thrown: unknown, nameFrames: NameFrames): ThrownError {
  try {
    const { name, message } = nameOf(thrown);
    return { name: cutText(name), message: cutText(message), stack: cutText(stackOf(thrown, nameFrames, 0)) };
  } catch {
    // An object of the job's own making can throw from its getters.
    return { name: "Error", message: "The job threw a value that cannot be read", stack: "" };
  }
}

function nameOf(thrown: unknown): { name: string; message: string } {
  if (isError(thrown)) return { name: textOf(thrown.name), message: messageOf(thrown) };
  return { name: "Error", message: typeof thrown === "string" ? thrown : inspect(thrown) };
}

function stackOf(thrown: unknown, nameFrames: NameFrames, depth: number): string {
  if (!isError(thrown)) return nameOf(thrown).message;
  const lines = [nameFrames(headed(thrown))];
  if (depth === MAX_CAUSE_DEPTH) return join(lines, "\n");
  if (thrown.cause !== undefined) push(lines, `Caused by: ${stackOf(thrown.cause, nameFrames, depth + 1)}`);
  if (thrown instanceof NativeAggregateError && isArray(thrown.errors)) {
    const { errors } = thrown;
    for (let index = 0; index < errors.length; index++) {
      push(lines, `One of: ${stackOf(errors[index], nameFrames, depth + 1)}`);
    }
  }
  return join(lines, "\n");
}

/** The stack, under a head that says what the error says now: name and message may have been set after its creation. */
function headed(error: Error): string {
  const message = messageOf(error);
  const lines = [message === "" ? textOf(error.name) : `${textOf(error.name)}: ${message}`];
  FRAME.replace(textOf(error.stack ?? ""), (frame) => {
    push(lines, frame);
    return "";
  });
  return join(lines, "\n");
}

function messageOf(error: Error): string {
  return HINT.replace(textOf(error.message), (_, permission) =>
    permission === "net" ? "; its context does not grant it, see the setting permissions.net" : "; no job may have it",
  );
}

function isError(thrown: unknown): thrown is Error {
  return thrown instanceof NativeError || toText(thrown) === "[object Error]";
}
