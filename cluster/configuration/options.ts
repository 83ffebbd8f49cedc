import { parseArgs } from "node:util";
import { unknownName } from "./explain_issues.ts";
import type { Fault } from "./faults.ts";

/** A flag of a process. */
export interface Option {
  /** Description: a sentence without its full stop. */
  readonly meaning: string;
  /** Placeholder of the value in the usage. Absent for a switch. */
  readonly value?: string;
  /** Keys of the configuration that it overrides. */
  readonly keys?: readonly string[];
  /** Allowed values. */
  readonly oneOf?: readonly string[];
  /** Environment variable that applies without the flag. */
  readonly variable?: string;
}

/** By name, without the dashes. */
export type Options = Readonly<Record<string, Option>>;

/** A flag or variable that was given. */
export interface Given {
  /** `--listen` or `NATS_URL`. */
  readonly source: string;
  readonly value: string | true;
}

/** Reads the command line, and the environment for flags that are absent. */
export function parseOptions(
  options: Options,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): { readonly given: ReadonlyMap<string, Given>; readonly faults: readonly Fault[] } {
  const given = new Map<string, Given>();
  const faults: Fault[] = [];
  for (const [name, { variable, oneOf }] of Object.entries(options)) {
    const value = variable && environment[variable];
    if (!variable || !value) continue;
    const fault = valueFault(value, oneOf);
    if (fault === undefined) given.set(name, { source: variable, value });
    else faults.push({ where: variable, what: fault });
  }
  const known = Object.entries(options).map(
    ([name, { value }]) => [name, { type: value === undefined ? "boolean" : "string" }] as const,
  );
  const { tokens } = parseArgs({
    ...{ args: [...args], options: Object.fromEntries(known) },
    ...{ strict: false, tokens: true },
  });
  for (const token of tokens) {
    if (token.kind === "positional") faults.push({ where: token.value, what: "expected flags only" });
    if (token.kind !== "option") continue;
    const { name, rawName: source } = token;
    const fault = faultOf(token, options);
    if (fault === undefined) given.set(name, { source, value: token.value ?? true });
    else faults.push({ where: source, what: fault });
  }
  return { given, faults };
}

/** A token of Node's parseArgs(). */
interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

/** Error in a flag. Undefined if it is valid. */
function faultOf({ name, rawName, value, inlineValue }: OptionToken, options: Options): string | undefined {
  const option = options[name];
  if (option === undefined) {
    const known = Object.keys(options).map((each) => `--${each}`);
    return unknownName("flag", rawName, known);
  }
  if (option.value === undefined)
    return value === undefined ? undefined : `takes no value, got ${JSON.stringify(value)}`;
  const isMissing = value === undefined || (value.startsWith("-") && !inlineValue);
  return isMissing ? `expected <${option.value}> after it` : valueFault(value, option.oneOf);
}

function valueFault(value: string, oneOf: readonly string[] | undefined): string | undefined {
  if (oneOf === undefined || oneOf.includes(value)) return undefined;
  return `expected ${oneOf.join(", ")}, got ${JSON.stringify(value)}`;
}

/** The usage: a line for each flag and variable. */
export function printOptions(options: Options): string {
  const rows = Object.entries(options).flatMap(([name, { value, variable, meaning }]) => {
    const flag = [`--${name}${value === undefined ? "" : ` <${value}>`}`, meaning] as const;
    return variable === undefined ? [flag] : [flag, [variable, `the same as --${name}, which overrides it`] as const];
  });
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, meaning]) => `  ${name.padEnd(width)}   ${meaning}`).join("\n");
}
