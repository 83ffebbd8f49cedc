import { dirname, resolve } from "node:path";
import type { z } from "zod";
import { readText } from "../../plugins/files/mod.ts";
import { explainIssues, PARSE_OPTIONS } from "./explain_issues.ts";
import { ConfigurationError, type Fault, printPath } from "./faults.ts";
import { type Given, type Options, parseOptions } from "./options.ts";

/** Flags that gateways and nodes have in common. */
export const COMMON_OPTIONS = {
  config: { value: "file", meaning: "the configuration file, JSON" },
  nats: { value: "url", meaning: "where NATS is", keys: ["nats.url"], variable: "NATS_URL" },
  "nats-user": { value: "name", meaning: "name of a NATS user with a password", keys: ["nats.user"] },
  "nats-password-file": { value: "file", meaning: "file with the password of that user", keys: ["nats.passwordFile"] },
  "cluster-secret-file": {
    ...{ value: "file", meaning: "file with the secret of all gateways and nodes", keys: ["cluster.secretFile"] },
  },
  "log-level": {
    ...{ value: "level", meaning: "the least level that it logs: trace, debug, info (default), warn, error or fatal" },
    ...{ oneOf: ["trace", "debug", "info", "warn", "error", "fatal"], variable: "LOG_LEVEL" },
  },
  check: { meaning: "only tells whether the configuration is right" },
  help: { meaning: "this text" },
} as const satisfies Options;

export interface ConfigurationOptions {
  /** What does not start if there is an error: `the gateway`. */
  readonly name: string;
  readonly options: Options;
}

/** The raw configuration of a process. Collects errors in it. */
export interface Configuration {
  /** Content of the file, overridden by flags and environment. */
  readonly content: unknown;
  /** Path of the configuration file. */
  readonly file: string | undefined;
  /** Folder of the configuration file, or the working directory if there is none. */
  readonly baseDir: string;
  /** A level of pino. */
  readonly logLevel: string;
  /** Validates the content. Undefined if it is invalid. */
  parse<Schema extends z.ZodType>(schema: Schema): z.output<Schema> | undefined;
  /** Adds faults that the schema does not find. */
  add(faults: readonly Fault[]): void;
  /** Returns the parsed value, or throws a ConfigurationError with all faults. */
  require<Parsed>(parsed: Parsed | undefined): Parsed;
}

/** Reads flags, environment and the configuration file. */
export function readConfiguration(
  { name, options }: ConfigurationOptions,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Configuration {
  const { given, faults: optionFaults } = parseOptions(options, args, environment);
  const faults = [...optionFaults];
  const path = textOf(given.get("config"));
  const read = path === undefined ? { content: {} } : readJson(path);
  if (read.fault) faults.push(read.fault);

  const sources = new Map<string, string>();
  let { content } = read;
  for (const [option, { source, value }] of given) {
    for (const key of options[option]?.keys ?? []) {
      content = withValue(content, key.split("."), value);
      sources.set(key, source);
    }
  }

  return {
    content,
    logLevel: textOf(given.get("log-level")) ?? "info",
    file: path === undefined ? undefined : resolve(path),
    baseDir: path === undefined ? process.cwd() : dirname(resolve(path)),
    parse(schema) {
      if (read.fault) return undefined;
      const parsed = schema.safeParse(content, PARSE_OPTIONS);
      if (parsed.success) return parsed.data;
      const issues = [...parsed.error.issues, ...maskedIssues(schema, content, parsed.error.issues)];
      for (const { where, what } of explainIssues(issues)) faults.push({ where: sources.get(where) ?? where, what });
      return undefined;
    },
    add: (more) => faults.push(...more),
    require(parsed) {
      if (faults.length === 0 && parsed !== undefined) return parsed;
      const source = path === undefined ? "these flags and variables" : `configuration "${path}"`;
      throw new ConfigurationError(`start ${name} with ${source}`, faults);
    },
  };
}

/** Violations of rules between keys, which a schema does not check if a number has a fraction. Validates again with whole numbers. */
function maskedIssues(schema: z.ZodType, content: unknown, issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const fractions = issues.filter(({ input }) => typeof input === "number" && !Number.isInteger(input));
  if (fractions.length === 0) return [];
  const whole = fractions.reduce((inner, { path }) => withValue(inner, path.map(String), 1), content);
  const { error } = schema.safeParse(whole, PARSE_OPTIONS);
  const found = new Set(issues.map(({ path }) => printPath(path)));
  return (error?.issues ?? []).filter(({ code, path }) => code === "custom" && !found.has(printPath(path)));
}

function textOf(given: Given | undefined): string | undefined {
  return typeof given?.value === "string" ? given.value : undefined;
}

function readJson(path: string): { readonly content: unknown; readonly fault?: Fault } {
  try {
    return { content: JSON.parse(readText(path)) };
  } catch (error) {
    return { content: {}, fault: { where: path, what: `cannot be read: ${(error as Error).message}` } };
  }
}

/** A copy with a value at a path. A value on the path that is not an object stays, and the schema reports it. */
function withValue(content: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value;
  if (content === undefined) return { [name]: withValue(undefined, rest, value) };
  if (typeof content !== "object" || content === null || Array.isArray(content)) return content;
  const inner: unknown = Object.entries(content).find(([key]) => key === name)?.[1];
  return { ...content, [name]: withValue(inner, rest, value) };
}
