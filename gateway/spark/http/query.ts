import { failure, Rejection, text } from "./answer.ts";

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...["true", "yes", "on", "1"].map((word) => [word, true] as const),
  ...["false", "no", "off", "0"].map((word) => [word, false] as const),
]);

const LARGEST_INT = 2 ** 31 - 1;

/** A boolean parameter: `true`, `yes`, `on`, `1` and their opposites, in any case. */
export function readFlag(query: URLSearchParams, name: string, { fallback }: { readonly fallback: boolean }): boolean {
  const value = query.get(name);
  if (value === null) return fallback;
  const flag = BOOLEANS.get(value.toLowerCase());
  if (flag === undefined) throw malformed(name, `'${value}' is not a valid Boolean value`);
  return flag;
}

/** A 32-bit signed integer parameter. */
export function readInteger(query: URLSearchParams, name: string, { fallback }: { readonly fallback: number }): number {
  const value = query.get(name);
  if (value === null) return fallback;
  const number = /^[+-]?\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= -LARGEST_INT - 1 && number <= LARGEST_INT)) {
    throw malformed(name, `'${value}' is not a valid 32-bit signed integer value`);
  }
  return number;
}

/** The `timeout` parameter, which is in seconds, in milliseconds. Capped at the longest delay of a timer. */
export function readTimeoutMs(query: URLSearchParams): number {
  const seconds = readInteger(query, "timeout", { fallback: 10 });
  return Math.min(Math.max(seconds, 0) * 1000, LARGEST_INT);
}

/** A parameter that the route requires. */
function requireParameter(query: URLSearchParams, name: string): string {
  const value = query.get(name);
  if (value === null) throw new Rejection(text(404, `Request is missing required query parameter '${name}'`));
  return value;
}

/** Throws the response to an unknown `reset`. */
export function requireReboot(query: URLSearchParams): void {
  if (requireParameter(query, "reset") !== "reboot") throw new Rejection(failure(400, "ERROR"));
}

function malformed(name: string, reason: string): Rejection {
  return new Rejection(text(400, `The query parameter '${name}' was malformed:\n${reason}`));
}
