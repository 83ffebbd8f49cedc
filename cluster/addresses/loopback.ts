import { isAddress, parseAddress } from "./address.ts";
import { isWithin, parseIpAddress, parseIpRange } from "./ip_range.ts";

const LOOPBACK = ["127.0.0.0/8", "::1"].flatMap((text) => parseIpRange(text) ?? []);

/** Whether only this machine can reach a host. IPv6 addresses have no brackets; IPv4-mapped ones are included. */
export function isLoopbackHost(host: string): boolean {
  const address = parseIpAddress(host);
  // The only name that every resolver maps to loopback (RFC 6761, section 6.3).
  if (address === undefined) return host.toLowerCase() === "localhost";
  return LOOPBACK.some((range) => isWithin(address, range));
}

/** Whether only this machine can reach `host:port`. */
export function isLoopbackAddress(text: string): boolean {
  return isAddress(text) && isLoopbackHost(parseAddress(text).host);
}
