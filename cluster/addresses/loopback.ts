import { isAddress, parseAddress } from "./address.ts";
import { isWithin, parseIpAddress, parseIpRange } from "./ip_range.ts";

const LOOPBACK = ["127.0.0.0/8", "::1"].flatMap((text) => parseIpRange(text) ?? []);

/** Whether a host, an IPv6 address without brackets, is reached from this machine alone: IPv4 addresses written as IPv6 included. */
export function isLoopbackHost(host: string): boolean {
  const address = parseIpAddress(host);
  // Of names only this one is loopback wherever it is resolved (RFC 6761, section 6.3).
  if (address === undefined) return host.toLowerCase() === "localhost";
  return LOOPBACK.some((range) => isWithin(address, range));
}

/** Whether `host:port` is reached from this machine alone. */
export function isLoopbackAddress(text: string): boolean {
  return isAddress(text) && isLoopbackHost(parseAddress(text).host);
}
