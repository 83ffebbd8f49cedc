import { type IpRange, isWithin, parseIpRange, SPECIAL_IPV4_RANGES, withoutRanges } from "../../cluster/mod.ts";
import type { Reach } from "../runtime/mod.ts";
import { GRANT_FORM, type Grant, parseGrant, printGrant, printHost } from "./grant.ts";
import { allows, isPublicHost, type NetworkPolicy, type PolicyEntry, parseNetworkPolicy } from "./policy.ts";

/** A context that asks for a network, on a node that has addresses of its own. */
export interface Asking {
  /** Its name. */
  readonly context: string;
  /** `permissions.net` of its settings. */
  readonly net: readonly string[];
  readonly policy: NetworkPolicy;
  /** The addresses of this machine's interfaces. */
  readonly own: readonly IpRange[];
}

/** The settings of a context ask for what they may not have. */
export class ReachRefused extends Error {
  override readonly name = "ReachRefused";
}

/** Longest list of destinations in a message; the rest is counted. */
const MOST_NAMED = 8;

/**
 * Special IPv6 addresses that are refused one by one, because Deno takes no blocks of IPv6: unspecified, loopback, and the metadata
 * services of clouds. Names are not resolved to IPv6 addresses at all, unless the configuration names all of them.
 */
const SPECIAL_IPV6 = ["::", "::1", "fd00:ec2::254", "fd20:ce::254"];

const SPECIAL_RANGES = [...SPECIAL_IPV4_RANGES, ...SPECIAL_IPV6.flatMap((text) => parseIpRange(text) ?? [])];

/** The block of all IPv6 addresses. */
const ALL_IPV6: IpRange = { family: 6, first: 0n, prefix: 0 };

/**
 * What a context may connect to: what it asks for, without the special addresses that the configuration does not name, to which a name
 * might resolve. Returns an error when the configuration does not allow all that it asks for.
 */
export function reachOf({ context, net, policy, own }: Asking): Reach | ReachRefused {
  const malformed = net.find((text) => parseGrant(text) === undefined);
  if (malformed !== undefined) return notAGrant(malformed);
  const grants = net.flatMap((text) => parseGrant(text) ?? []);
  const entries = parseNetworkPolicy(policy, context);
  const isPublic = (host: Grant["host"]) => isPublicHost(host, { own });
  const refused = grants.filter((grant) => !entries.some((entry) => allows(entry, grant, isPublic)));
  if (refused.length > 0) return notAllowed(context, refused);

  const names = grants.filter(({ host }) => host.kind === "name");
  const ranges = entries.filter((entry) => entry.kind === "range");
  const addresses = addressesAtOnePort(grants, ranges);
  const hasAllPorts = names.some(({ port }) => port === undefined);
  if (hasAllPorts && addresses.length > 0) return portsMissing(context, { addresses, names });
  const opened = [...openedRanges({ names, ranges, hasAllPorts }), ...addresses.map(({ address }) => address)];
  const special = [...SPECIAL_RANGES, ...own.filter((each) => !SPECIAL_RANGES.some((range) => isWithin(each, range)))];
  const namePorts = new Set(names.flatMap(({ port }) => port ?? []));
  return {
    allow: grants.map(printGrant),
    deny: [
      ...withoutEach(special, opened).map(printHost),
      ...[...namePorts].flatMap((port) => {
        const permitted = ranges.filter((entry) => (entry.port ?? port) === port).map(({ range }) => range);
        const other = withoutEach(
          special.flatMap((each) => overlap(each, opened)),
          permitted,
        );
        return other.map((range) => `${printHost(range)}:${port}`);
      }),
    ],
    isIpv6Resolved: ranges.some(({ range, port }) => port === undefined && isWithin(ALL_IPV6, range)),
  };
}

type RangeEntry = Extract<PolicyEntry, { kind: "range" }>;

interface AddressAtPort {
  readonly address: IpRange;
  readonly port: number;
}

/** The addresses that a context asks for, and that the configuration allows on one port alone. */
function addressesAtOnePort(grants: readonly Grant[], ranges: readonly RangeEntry[]): AddressAtPort[] {
  const asked = grants.flatMap(({ host, port }) =>
    host.kind === "address" && port !== undefined ? [{ address: host.address, port }] : [],
  );
  return asked.filter(({ address, port }) => {
    const covering = ranges.filter(({ range }) => isWithin(address, range));
    return covering.some((entry) => entry.port === port) && covering.every((entry) => entry.port !== undefined);
  });
}

/** The blocks to which a name may resolve, on one port at least. */
function openedRanges(parts: {
  readonly names: readonly Grant[];
  readonly ranges: readonly RangeEntry[];
  readonly hasAllPorts: boolean;
}): IpRange[] {
  const { names, ranges, hasAllPorts } = parts;
  // Behind a name without a port the ports of an address cannot be told apart: it reaches what is open on all of them.
  const isOpen = ({ port }: RangeEntry) =>
    port === undefined || (!hasAllPorts && names.some((name) => name.port === port));
  return ranges.filter(isOpen).map(({ range }) => range);
}

function withoutEach(ranges: readonly IpRange[], holes: readonly IpRange[]): IpRange[] {
  return ranges.flatMap((range) => withoutRanges(range, holes));
}

/** The parts of a block that others have, too. */
function overlap(range: IpRange, others: readonly IpRange[]): IpRange[] {
  if (others.some((other) => isWithin(range, other))) return [range];
  return others.filter((other) => isWithin(other, range));
}

function notAGrant(text: string): ReachRefused {
  return new ReachRefused(`permissions.net has ${JSON.stringify(text)}, which is not ${GRANT_FORM}`);
}

function notAllowed(context: string, refused: readonly Grant[]): ReachRefused {
  return new ReachRefused(
    `The node does not let context "${context}" connect to ${list(refused)}: node.permissions.net does not allow it. ` +
      'Loopback, private and other special addresses and names have to be named there; "*" does not name them. Ask the operator of the node',
  );
}

function portsMissing(
  context: string,
  { addresses, names }: { readonly addresses: readonly AddressAtPort[]; readonly names: readonly Grant[] },
): ReachRefused {
  const grants = addresses.map(({ address, port }): Grant => ({ host: { kind: "address", address }, port }));
  return new ReachRefused(
    `Context "${context}" asks for ${list(grants)}, which node.permissions.net allows on that port alone, ` +
      `and for ${list(names.filter(({ port }) => port === undefined))} on all ports. Give each name its port`,
  );
}

function list(grants: readonly Grant[]): string {
  const named = grants.slice(0, MOST_NAMED).map(printGrant).join(", ");
  return grants.length > MOST_NAMED ? `${named} and ${grants.length - MOST_NAMED} more` : named;
}
