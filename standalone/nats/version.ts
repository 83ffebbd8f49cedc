/** A vulnerability of nats-server that matters for servers with users. */
interface Fault {
  readonly name: string;
  readonly what: string;
  /** First fixed version of each release line, oldest line first. Later lines are not affected. */
  readonly fixed: readonly string[];
}

/** From https://advisories.nats.io, as far as they concern clients of a server without WebSocket, MQTT and leaf nodes. */
const FAULTS: readonly Fault[] = [
  {
    name: "CVE-2023-47090",
    what: "it may let in clients without credentials",
    fixed: ["2.9.23", "2.10.2"],
  },
  {
    name: "CVE-2025-30215",
    what: "users with rights on JetStream may delete streams of other accounts",
    fixed: ["2.10.27", "2.11.1"],
  },
  {
    name: "CVE-2026-33222",
    what: "users who may restore one stream may overwrite others",
    fixed: ["2.11.15", "2.12.6"],
  },
  {
    name: "GHSA-jx8g-9g95-6322",
    what: "queue subscriptions may pass denied subjects",
    fixed: ["2.11.16", "2.12.7", "2.14.0"],
  },
];

/** Parses the output of `nats-server --version`. Undefined if it has no version. */
export function parseNatsVersion(output: string): string | undefined {
  return /\bv(\d+\.\d+\.\d+)/.exec(output)?.[1];
}

/** Descriptions of the vulnerabilities that a version has. */
export function findNatsFaults(version: string): string[] {
  return FAULTS.filter((fault) => !isFixed(version, fault.fixed)).map(({ name, what }) => `${what} (${name})`);
}

function isFixed(version: string, fixed: Fault["fixed"]): boolean {
  const sameLine = fixed.find((each) => lineOf(each) === lineOf(version));
  return compare(version, sameLine ?? fixed.at(-1) ?? version) >= 0;
}

/** `2.10` of `2.10.27`. */
function lineOf(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

function compare(a: string, b: string): number {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  const difference = left.map((number, index) => number - (right[index] ?? 0)).find((each) => each !== 0);
  return difference ?? 0;
}
