import { type IpRange, isPublicAddress, isWithin, parseIpRange, printIpRange } from "../../cluster/mod.ts";
import { matchesName } from "../../proto/node.ts";
import { type Grant, isName } from "./grant.ts";

/** What contexts may ask for: destinations by patterns of contexts' names, in which `*` matches any text. */
export type NetworkPolicy = Readonly<Record<string, readonly string[]>>;

/** One or many destinations that the configuration allows. */
export type PolicyEntry = {
  /** Undefined: all ports. */
  readonly port: number | undefined;
} & (
  | { readonly kind: "public" }
  | { readonly kind: "name"; readonly pattern: string }
  | { readonly kind: "range"; readonly range: IpRange }
);

/** Domains that public DNS lacks (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`). */
const PRIVATE_SUFFIXES = ["localhost", "local", "internal", "home.arpa"];

/**
 * Parses an entry of the configuration: `*`, a name, a pattern of names, an IP address or a block; optionally with `:port`, or `:*` for all
 * ports. Undefined for any other text.
 */
export function parsePolicyEntry(text: string): PolicyEntry | undefined {
  const unbracketed = parseIpRange(text);
  if (unbracketed !== undefined) return { kind: "range", range: unbracketed, port: undefined };
  const { host = "", port } = /^(?<host>\[[^\]]*\]|[^:]+)(?::(?<port>\*|[1-9]\d{0,4}))?$/.exec(text)?.groups ?? {};
  if (port !== undefined && port !== "*" && Number(port) > 65_535) return undefined;
  const parsed = parseHosts(host);
  return parsed && { ...parsed, port: port === undefined || port === "*" ? undefined : Number(port) };
}

/** Whether a text is an entry of a network policy. */
export function isPolicyEntry(text: string): boolean {
  return parsePolicyEntry(text) !== undefined;
}

/** The entries that apply to a context. */
export function parseNetworkPolicy(policy: NetworkPolicy, context: string): PolicyEntry[] {
  return Object.entries(policy)
    .filter(([pattern]) => matchesName(pattern, context))
    .flatMap(([, texts]) => texts.flatMap((text) => parsePolicyEntry(text) ?? []));
}

/** Whether an entry allows a destination. `*` allows public ones; all others must be named. */
export function allows(entry: PolicyEntry, { host, port }: Grant, isPublic: (host: Grant["host"]) => boolean): boolean {
  if (entry.port !== undefined && entry.port !== port) return false;
  switch (entry.kind) {
    case "public":
      return isPublic(host);
    case "name":
      return host.kind === "name" && matchesName(entry.pattern, host.name);
    case "range":
      return host.kind === "address" && isWithin(host.address, entry.range);
    default:
      return entry satisfies never;
  }
}

/** Whether `*` includes a host: names of public DNS, and public addresses that no interface of this machine has. */
export function isPublicHost(host: Grant["host"], { own }: { readonly own: readonly IpRange[] }): boolean {
  if (host.kind === "address") {
    return isPublicAddress(printIpRange(host.address)) && !own.some((address) => isWithin(host.address, address));
  }
  const isPrivate = PRIVATE_SUFFIXES.some((suffix) => host.name === suffix || host.name.endsWith(`.${suffix}`));
  return host.name.includes(".") && !isPrivate;
}

function parseHosts(host: string) {
  if (host === "*") return { kind: "public" } as const;
  const range = parseIpRange(host.startsWith("[") ? host.slice(1, -1) : host);
  if (range !== undefined) return { kind: "range", range } as const;
  const pattern = host.toLowerCase().replace(/\.$/, "");
  // Without a letter it would be another `*`, or a pattern of addresses, which are named as blocks.
  const isPattern = /[a-z]/.test(pattern) && isName(pattern.replaceAll("*", "a"));
  return isPattern ? ({ kind: "name", pattern } as const) : undefined;
}
