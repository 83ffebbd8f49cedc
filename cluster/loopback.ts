import { isAddress, parseAddress } from "./address.ts";

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/;

/** Whether a host is reached from this machine alone. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Whether `host:port` is reached from this machine alone. */
export function isLoopbackAddress(text: string): boolean {
  return isAddress(text) && isLoopbackHost(parseAddress(text).host);
}
