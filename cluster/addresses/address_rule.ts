import { BlockList, isIP } from "node:net";
import { type IpRange, parseIpRange } from "./ip_range.ts";

/** Returns whether a request may go to an IP address. */
export type IsAllowed = (address: string) => boolean;

/** IPv4 that is not the public internet: the IANA special-purpose registry, multicast, reserved. */
const SPECIAL_IPV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  // Link-local; the metadata services of clouds are here.
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];

/** The public part of IPv6. It excludes mapped, unique local, link-local and multicast addresses. */
const GLOBAL_IPV6 = "2000::/3";

/** Parts of 2000::/3 that are not public, or embed IPv4 addresses: Teredo and its neighbours, documentation, 6to4. */
const SPECIAL_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/** IPv4 that is not the public internet, as blocks. */
export const SPECIAL_IPV4_RANGES: readonly IpRange[] = SPECIAL_IPV4.flatMap((text) => parseIpRange(text) ?? []);

const special = new BlockList();
for (const range of [...SPECIAL_IPV4, ...SPECIAL_IPV6]) addRange(special, range);
const globalIpv6 = new BlockList();
addRange(globalIpv6, GLOBAL_IPV6);

/** Allows public addresses, and those in the ranges: `10.0.0.0/8`, `127.0.0.1`, `fd00::/8`. Throws if a text is not a range. */
export function createAddressRule(ranges: readonly string[]): IsAllowed {
  const exceptions = new BlockList();
  for (const range of ranges) addRange(exceptions, range);
  return (address) => {
    const family = isIP(address) === 4 ? "ipv4" : "ipv6";
    if (isIP(address) === 0) return false;
    if (exceptions.check(address, family)) return true;
    return !special.check(address, family) && (family === "ipv4" || globalIpv6.check(address, family));
  };
}

/** Whether an address is on the public internet. */
export const isPublicAddress: IsAllowed = createAddressRule([]);

/** Whether `createAddressRule` accepts the text. */
export function isAddressRange(text: string): boolean {
  const { address, prefix } = splitRange(text);
  const bits = isIP(address) === 4 ? 32 : 128;
  return isIP(address) !== 0 && Number.isInteger(prefix ?? 0) && (prefix ?? 0) >= 0 && (prefix ?? 0) <= bits;
}

function addRange(list: BlockList, range: string): void {
  if (!isAddressRange(range)) throw new Error(`"${range}" is no IP address and no range of them`);
  const { address, prefix } = splitRange(range);
  const family = isIP(address) === 4 ? "ipv4" : "ipv6";
  if (prefix === undefined) list.addAddress(address, family);
  else list.addSubnet(address, prefix, family);
}

function splitRange(range: string): { readonly address: string; readonly prefix: number | undefined } {
  const [address = "", prefix, ...more] = range.split("/");
  if (prefix === undefined) return { address, prefix };
  return { address, prefix: more.length === 0 && /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN };
}
