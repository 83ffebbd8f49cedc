/** One error in the configuration, flags or environment of a process. */
export interface Fault {
  /** The key (`gateway.limits.streams`), flag (`--listen`), environment variable or file. */
  readonly where: string;
  /** What was expected there, and what was found. */
  readonly what: string;
}

/** All errors in the configuration of a process, one a line, for an operator at a terminal. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly faults: readonly Fault[];

  /** `subject` completes "Cannot …": `start the gateway with configuration "hearth.json"`. */
  constructor(subject: string, faults: readonly Fault[]) {
    const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
    super([`Cannot ${subject}: ${count}`, ...faults.map(printFault)].join("\n"));
    this.faults = faults;
  }
}

/** A line for each fault, after two spaces. */
export function printFault({ where, what }: Fault): string {
  return `  ${where === "" ? "" : `${where}: `}${what}`;
}

/** A path into JSON as people write it: `gateway.auth[1].config`. */
export function printPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const name = String(part);
    if (!/^[\w-]+$/.test(name)) return `${text}[${JSON.stringify(name)}]`;
    return text === "" ? name : `${text}.${name}`;
  }, "");
}
