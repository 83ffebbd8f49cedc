import type { z } from "zod";
import { type Fault, printPath } from "./faults.ts";
import { nearMiss } from "./near_miss.ts";

/** Names of types, by zod's names. */
const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  never: "nothing",
};

/** Names of keys whose values are not shown. */
const SECRET = /(secret|password|passphrase|token|credentials?|key)$/i;

const MISSING = "missing; ";
const EXPECTED = /^(missing; )?expected /;

/** Longest text that is shown, in characters. */
const LONGEST_TEXT = 60;

/** Options of a parse whose issues `explainIssues` explains. */
export const PARSE_OPTIONS = { error: explain, reportInput: true } as const;

/**
 * The issues of a parse with `PARSE_OPTIONS`, one fault each. With `hidesTexts` values of strings are not shown, because any of them may be
 * secret.
 */
export function explainIssues(
  issues: readonly z.core.$ZodIssue[],
  { path = [], hidesTexts = false }: { readonly path?: readonly PropertyKey[]; readonly hidesTexts?: boolean } = {},
): Fault[] {
  return issues.flatMap((issue): Fault[] => {
    const where = [...path, ...issue.path];
    if (issue.code === "unrecognized_keys") {
      const explained = issue.message.split("\n");
      return issue.keys.map((key, index) => ({
        where: printPath([...where, key]),
        what: explained[index] ?? issue.message,
      }));
    }
    if (issue.code === "invalid_union") {
      const nested = issue.errors.find((errors) => errors.every(isBelow));
      if (nested !== undefined) return explainIssues(nested, { path: where, hidesTexts });
    }
    const isHidden = typeof issue.input === "string" && (hidesTexts || SECRET.test(String(where.at(-1) ?? "")));
    return [{ where: printPath(where), what: `${issue.message}${isHidden ? "" : got(issue)}` }];
  });
}

/** The expected value. Undefined selects zod's message. Messages of the schema itself take precedence. */
function explain(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return `${issue.input === undefined ? MISSING : ""}expected ${TYPES[issue.expected] ?? issue.expected}`;
    case "too_small":
      if (issue.origin === "string" && issue.minimum === 1) return "expected text that is not empty";
      return `expected ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}${unitOf(issue.origin, issue.minimum)}`;
    case "too_big":
      return `expected ${issue.inclusive ? "at most" : "less than"} ${issue.maximum}${unitOf(issue.origin, issue.maximum)}`;
    case "invalid_format":
      return `expected ${issue.format === "url" ? "a URL" : issue.format}`;
    case "invalid_value":
      return `expected ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "invalid_key":
      return issue.issues[0]?.message;
    case "invalid_union":
      return issue.errors.map(([error], index) => error?.message.replace(index > 0 ? EXPECTED : "", "")).join(" or ");
    case "unrecognized_keys": {
      const known = knownKeys(issue.inst);
      return issue.keys.map((key) => unknownName("key", key, known)).join("\n");
    }
    default:
      return undefined;
  }
}

/** Message about an unknown name. */
export function unknownName(thing: string, name: string, known: Iterable<string>): string {
  const meant = nearMiss(name, known);
  return meant === undefined ? `unknown ${thing}` : `unknown ${thing}; did you mean "${meant}"?`;
}

function unitOf(origin: string, count: number | bigint): string {
  if (origin === "string") return count === 1 ? " character" : " characters";
  if (origin === "array") return count === 1 ? " entry" : " entries";
  return "";
}

/** Whether the value has the expected type, and the issue is inside it. */
function isBelow({ path, code }: z.core.$ZodIssue): boolean {
  return path.length > 0 || code === "unrecognized_keys";
}

/** Keys of the schema that reported an unknown key. */
function knownKeys(schema: unknown): readonly string[] {
  if (typeof schema !== "object" || schema === null || !("_zod" in schema)) return [];
  const { def } = (schema as z.core.$ZodObject)._zod;
  return Object.keys(def.shape);
}

/** The value, if it is short enough to show and the message does not contain it. */
function got({ code, input, message }: z.core.$ZodIssue): string {
  if (input === undefined) return "";
  if (typeof input === "object" && input !== null) {
    if (code !== "invalid_type") return "";
    return `, got ${Array.isArray(input) ? "a list" : "an object"}`;
  }
  if (code === "custom" && typeof input === "string" && input !== "" && message.includes(input)) return "";
  // JSON.parse reads 1e400 as infinity, which JSON.stringify writes as null.
  const text = typeof input === "number" ? String(input) : JSON.stringify(input);
  return `, got ${text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text}`;
}
