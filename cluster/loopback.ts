const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/;

/** `host:port` and nothing else: no scheme, and no list, by which gRPC would connect to other places. */
const ADDRESS = /^(?:\[(?<ipv6>[0-9A-Fa-f:.]+)\]|(?<host>[^:[\]/,\s]+)):\d{1,5}$/;

/** Whether a host is reached from this machine alone. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Whether `host:port` is reached from this machine alone. */
export function isLoopbackAddress(address: string): boolean {
  const { ipv6, host = ipv6 } = ADDRESS.exec(address)?.groups ?? {};
  return host !== undefined && isLoopbackHost(host);
}
