import { isIP } from "node:net";
import { z } from "zod";

/** A name, an IPv4 address, or an IPv6 address in brackets; a port. */
const ADDRESS = /^(?:\[(?<ipv6>[^\]]*)\]|(?<name>[^:[\]/,\s]+)):(?<port>\d+)$/;

const LAST_PORT = 65_535;

/** Addresses that a server binds to for all addresses of its machine. */
const ANY = /^(?:0\.0\.0\.0|::)$/;

export interface Address {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** `host:port` of the configuration or the command line. */
export const address = z
  .string()
  .superRefine((text, context) => {
    const fault = addressFault(text);
    if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
  })
  .meta({ title: "host:port" });

/** Explains why a text is not `host:port`. Schemes and lists are not allowed: gRPC would interpret them. */
export function addressFault(text: string): string | undefined {
  const { ipv6, port } = ADDRESS.exec(text)?.groups ?? {};
  if (port === undefined) return `must be host:port${hintFor(text)}`;
  if (Number(port) > LAST_PORT) return `must be host:port, with a port of at most ${LAST_PORT}`;
  if (ipv6?.includes("%")) return "must be host:port, without the zone of an IPv6 address";
  if (ipv6 !== undefined && isIP(ipv6) !== 6) return "must be host:port, with an IPv6 address in the brackets";
  return undefined;
}

function hintFor(text: string): string {
  const isBare = [text, text.slice(0, text.lastIndexOf(":"))].some((each) => isIP(each) === 6);
  if (isBare) return ", with an IPv6 address in brackets, such as [::1]:8090";
  if (/^:\d+$/.test(text)) return `: "127.0.0.1${text}" is this machine only, "[::]${text}" all of its addresses`;
  if (/^\d+$/.test(text)) return `: "127.0.0.1:${text}" is this machine only, "[::]:${text}" all of its addresses`;
  return "";
}

/** Whether the text is `host:port`. */
export function isAddress(text: string): boolean {
  return addressFault(text) === undefined;
}

/** Throws if the text is not `host:port`. */
export function parseAddress(text: string): Address {
  const fault = addressFault(text);
  if (fault !== undefined) throw new Error(`"${text}" ${fault}`);
  const { ipv6, name = ipv6 ?? "", port } = ADDRESS.exec(text)?.groups ?? {};
  return { host: name, port: Number(port) };
}

/** `host:port`, with an IPv6 address in brackets, as in a URL. */
export function printAddress({ host, port }: Address): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/** An address to connect to: the bound address, with `host` in place of a wildcard address. */
export function reachableAt(address: string, host: string): string {
  const bound = parseAddress(address);
  return isAny(bound.host) ? printAddress({ ...bound, host }) : address;
}

/** Whether a host is a wildcard address, in any notation. */
function isAny(host: string): boolean {
  return ANY.test(isIP(host) === 6 ? new URL(`http://[${host}]/`).hostname.slice(1, -1) : host);
}
