import { type IpRange, isWithin, parseIpRange, SPECIAL_IPV4_RANGES, withoutRanges } from "../../cluster/mod.ts";
import type { Reach } from "../runtime/mod.ts";
import { GRANT_FORM, type Grant, parseGrant, printGrant, printHost } from "./grant.ts";
import { allows, isPublicHost, type NetworkPolicy, type PolicyEntry, parseNetworkPolicy } from "./policy.ts";

/** A context that asks for network access, and the node's own addresses. */
export interface Asking {
  /** Name of the context. */
  readonly context: string;
  /** `permissions.net` of its settings. */
  readonly net: readonly string[];
  readonly policy: NetworkPolicy;
  /** The addresses of this machine's interfaces. */
  readonly own: readonly IpRange[];
}

/** The decision. */
export interface Answer {
  /** The granted part of `net`, as asked for. */
  readonly net: readonly string[];
  /** Undefined: no network. */
  readonly reach: Reach | undefined;
  /** Sentences about withheld destinations and the reasons. */
  readonly withheld: readonly string[];
}

/** Most destinations in a message; the rest is counted. */
const MOST_NAMED = 8;

/**
 * Special IPv6 addresses that are denied one by one, because Deno accepts no IPv6 blocks: unspecified, loopback, and the metadata services
 * of clouds. Names are not resolved to IPv6 addresses unless the configuration names all of them.
 */
const SPECIAL_IPV6 = ["::", "::1", "fd00:ec2::254", "fd20:ce::254"];

const SPECIAL_RANGES = [...SPECIAL_IPV4_RANGES, ...SPECIAL_IPV6.flatMap((text) => parseIpRange(text) ?? [])];

/** The block of all IPv6 addresses. */
const ALL_IPV6: IpRange = { family: 6, first: 0n, prefix: 0 };

/**
 * What a context may connect to: what it asks for and the configuration allows, without special addresses that are not named and to which a
 * name might resolve.
 */
export function reachOf({ context, net, policy, own }: Asking): Answer {
  const asked = net.map((text) => ({ text, grant: parseGrant(text) }));
  const entries = parseNetworkPolicy(policy, context);
  const isPublic = (host: Grant["host"]) => isPublicHost(host, { own });
  const isAllowed = (grant: Grant) => entries.some((entry) => allows(entry, grant, isPublic));

  const ranges = entries.filter((entry) => entry.kind === "range");
  const hasAllPorts = asked.some(
    ({ grant }) => grant?.host.kind === "name" && grant.port === undefined && isAllowed(grant),
  );
  const isTooNarrow = (grant: Grant) => hasAllPorts && isAllowedOnOnePort(grant, ranges);

  const malformed = asked.flatMap(({ text, grant }) => (grant === undefined ? [text] : []));
  const grants = asked.flatMap(({ text, grant }) => (grant === undefined ? [] : [{ text, grant }]));
  const granted = grants.filter(({ grant }) => isAllowed(grant) && !isTooNarrow(grant));
  return {
    net: granted.map(({ text }) => text),
    reach:
      granted.length === 0
        ? undefined
        : bound(
            granted.map(({ grant }) => grant),
            { ranges, own, hasAllPorts },
          ),
    withheld: [
      ...notGrants(malformed),
      ...notAllowed(
        context,
        grants.filter(({ grant }) => !isAllowed(grant)),
      ),
      ...portsMissing(grants.filter(({ grant }) => isAllowed(grant) && isTooNarrow(grant))),
    ],
  };
}

interface Bounds {
  readonly ranges: readonly RangeEntry[];
  readonly own: readonly IpRange[];
  /** Whether a name is granted on all ports. */
  readonly hasAllPorts: boolean;
}

/** The permissions of a process for the grants of its context. */
function bound(grants: readonly Grant[], { ranges, own, hasAllPorts }: Bounds): Reach {
  const namePorts = new Set(grants.flatMap(({ host, port }) => (host.kind === "name" ? (port ?? []) : [])));
  // With a name on all ports, the ports of an address cannot be distinguished: it can reach all open ones.
  const isOpenToNames = ({ port }: RangeEntry) => port === undefined || (!hasAllPorts && namePorts.has(port));
  const narrow = grants.filter((grant) => isAllowedOnOnePort(grant, ranges));
  const opened = [
    ...ranges.filter(isOpenToNames).map(({ range }) => range),
    ...narrow.flatMap(({ host }) => (host.kind === "address" ? [host.address] : [])),
  ];
  const special = [...SPECIAL_RANGES, ...own.filter((each) => !SPECIAL_RANGES.some((range) => isWithin(each, range)))];
  const openedSpecial = special.flatMap((each) => overlap(each, opened));
  const deniedOn = (port: number): string[] => {
    const permitted = ranges.filter((entry) => (entry.port ?? port) === port).map(({ range }) => range);
    return withoutEach(openedSpecial, permitted).map((range) => `${printHost(range)}:${port}`);
  };
  return {
    allow: grants.map(printGrant),
    deny: [...withoutEach(special, opened).map(printHost), ...[...namePorts].flatMap(deniedOn)],
    hasNames: grants.some(({ host }) => host.kind === "name"),
    isIpv6Resolved: ranges.some(({ range, port }) => port === undefined && isWithin(ALL_IPV6, range)),
  };
}

type RangeEntry = Extract<PolicyEntry, { kind: "range" }>;

/** Whether the configuration allows an address on one port only. */
function isAllowedOnOnePort({ host, port }: Grant, ranges: readonly RangeEntry[]): boolean {
  if (host.kind === "name" || port === undefined) return false;
  const covering = ranges.filter(({ range }) => isWithin(host.address, range));
  return covering.some((entry) => entry.port === port) && covering.every((entry) => entry.port !== undefined);
}

function withoutEach(ranges: readonly IpRange[], holes: readonly IpRange[]): IpRange[] {
  return ranges.flatMap((range) => withoutRanges(range, holes));
}

/** The parts of a block that overlap with others. */
function overlap(range: IpRange, others: readonly IpRange[]): IpRange[] {
  if (others.some((other) => isWithin(range, other))) return [range];
  return others.filter((other) => isWithin(other, range));
}

function notGrants(malformed: readonly string[]): string[] {
  if (malformed.length === 0) return [];
  const quoted = malformed.map((text) => ({ text: JSON.stringify(text) }));
  return [`Jobs get no connections to ${list(quoted)}: a host is ${GRANT_FORM}`];
}

function notAllowed(context: string, refused: readonly Asked[]): string[] {
  if (refused.length === 0) return [];
  return [
    `Jobs get no connections to ${list(refused)}: the configuration of the node, node.permissions.net, does not allow that to context ` +
      `"${context}". Loopback, private and other special addresses and names have to be named there; "*" does not name them. Ask the operator of the node`,
  ];
}

function portsMissing(narrow: readonly Asked[]): string[] {
  if (narrow.length === 0) return [];
  return [
    `Jobs get no connections to ${list(narrow)}: the configuration of the node, node.permissions.net, allows that on one port alone, and ` +
      "permissions.net has names on all ports. Give each name its port",
  ];
}

interface Asked {
  readonly text: string;
}

function list(asked: readonly Asked[]): string {
  const named = asked.slice(0, MOST_NAMED).map(({ text }) => text);
  return asked.length > MOST_NAMED ? `${named.join(", ")} and ${asked.length - MOST_NAMED} more` : named.join(", ");
}
