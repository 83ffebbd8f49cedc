/**
 * Lists the problems that `validate` returned. Throws a TypeError when it returned what cannot be told as problems: whether the job
 * may run is not known then.
 */
export function listProblems(returned: unknown, entryPoint: string): string[] {
  if (returned === undefined || returned === null || returned === "") return [];
  if (typeof returned === "string") return [returned];
  if (!isIterable(returned)) throw noProblems(entryPoint, nameKind(returned));
  return Array.from(returned, (problem) => {
    if (typeof problem === "string") return problem;
    throw noProblems(entryPoint, `an iterable with ${nameKind(problem)} in it`);
  });
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    Symbol.iterator in value &&
    typeof value[Symbol.iterator] === "function"
  );
}

function nameKind(value: unknown): string {
  if (value instanceof Error) return "an Error";
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function noProblems(entryPoint: string, returned: string): TypeError {
  return new TypeError(
    `Cannot run entry point "${entryPoint}": its validate returned ${returned}; it has to return the problems that it found as a string or an iterable of strings, and undefined, "" or [] when there are none`,
  );
}
