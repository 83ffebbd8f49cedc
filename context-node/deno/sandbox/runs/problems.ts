import { iterator, NativeTypeError, push } from "../confinement/primordials.ts";
import { MAX_PROBLEMS } from "../messages/bounds.ts";
import { cutText, describeKind } from "./value_text.ts";

/**
 * Lists the problems that `validate` returned, the first of them where there are many. Throws a TypeError when it returned what cannot be told as problems: whether the job
 * may run is not known then.
 */
export function listProblems(returned: unknown, entryPoint: string): string[] {
  if (returned === undefined || returned === null || returned === "") return [];
  if (typeof returned === "string") return [cutText(returned)];
  if (!isIterable(returned)) throw noProblems(entryPoint, describeKind(returned));
  const problems: string[] = [];
  for (const problem of returned) {
    if (typeof problem !== "string") throw noProblems(entryPoint, `an iterable with ${describeKind(problem)} in it`);
    push(problems, cutText(problem));
    if (problems.length === MAX_PROBLEMS) break;
  }
  return problems;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && iterator in value && typeof value[iterator] === "function";
}

function noProblems(entryPoint: string, returned: string): TypeError {
  return new NativeTypeError(
    `Cannot run entry point "${entryPoint}": its validate returned ${returned}; it has to return the problems that it found as a string or an iterable of strings, and undefined, "" or [] when there are none`,
  );
}
