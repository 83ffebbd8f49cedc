import { z } from "zod";

/** A name, an IPv4 address, or an IPv6 address in brackets; a port. */
const ADDRESS = /^(?:\[(?<ipv6>[0-9A-Fa-f:.]+)\]|(?<name>[^:[\]/,\s]+)):(?<port>\d{1,5})$/;

const LAST_PORT = 65_535;

export interface Address {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** `host:port` of the configuration or the command line, as it stands there. */
export const address = z.string().refine(isAddress, "must be host:port");

/** Whether it is `host:port` and nothing else: no scheme, and no list, by which gRPC would connect to other places. */
export function isAddress(text: string): boolean {
  const port = ADDRESS.exec(text)?.groups?.port;
  return port !== undefined && Number(port) <= LAST_PORT;
}

/** Throws on what is no address. */
export function parseAddress(text: string): Address {
  const { ipv6, name: host = ipv6, port } = ADDRESS.exec(text)?.groups ?? {};
  if (host === undefined || !isAddress(text)) throw new Error(`"${text}" is not host:port`);
  return { host, port: Number(port) };
}

/** An address that can be connected to, at this host where the one bound to is "any". */
export function reachableAt(address: string, host: string): string {
  return address.replace(/^(?:0\.0\.0\.0|\[::\])(?=:)/, host);
}
