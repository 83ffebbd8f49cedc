import { iterator, NativeTypeError, push } from "../confinement/primordials.ts";
import { MAX_PROBLEMS } from "../messages/bounds.ts";
import { cutText, describeKind } from "./value_text.ts";

/**
 * Returns the problems that `validate` returned, up to the maximum number. Throws a TypeError for any other value, because it does not say
 * whether the job may run.
 */
export function listProblems(returned: unknown, entryPoint: string): string[] {
  if (returned === undefined || returned === null || returned === "") return [];
  if (typeof returned === "string") return [cutText(returned)];
  if (!isIterable(returned)) throw notProblems(entryPoint, describeKind(returned));
  const problems: string[] = [];
  for (const problem of returned) {
    if (typeof problem !== "string") throw notProblems(entryPoint, `an iterable with ${describeKind(problem)} in it`);
    push(problems, cutText(problem));
    if (problems.length === MAX_PROBLEMS) break;
  }
  return problems;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && iterator in value && typeof value[iterator] === "function";
}

function notProblems(entryPoint: string, returned: string): TypeError {
  return new NativeTypeError(
    `Cannot run entry point "${entryPoint}": its validate returned ${returned}; it must return its problems as a string or an iterable of strings; without problems undefined, "" or []`,
  );
}
