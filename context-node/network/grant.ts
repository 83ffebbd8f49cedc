import { type IpRange, parseIpAddress, printIpRange } from "../../cluster/mod.ts";

/** A destination that a context asks for. */
export interface Grant {
  readonly host: HostName | HostAddress;
  /** Undefined: all ports. */
  readonly port: number | undefined;
}

interface HostName {
  readonly kind: "name";
  /** In lower case, without a trailing dot. */
  readonly name: string;
}

interface HostAddress {
  readonly kind: "address";
  readonly address: IpRange;
}

/** The format of a grant, in words. */
export const GRANT_FORM =
  "a DNS name, an IPv4 address of four decimal numbers, or an IPv6 address in brackets; perhaps with :port, from 1 to 65535";

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

const LONGEST_NAME = 253;

/** The last label of a text that URL parsers and resolvers read as an IPv4 address: `2130706433`, `0x7f.1`, `127.1`. */
const NUMBER = /^(?:\d+|0x[0-9a-f]*)$/;

/** Parses `host` or `host:port` strictly. Undefined for any text that a resolver might read as another host. */
export function parseGrant(text: string): Grant | undefined {
  const { host = "", port } = /^(?<host>\[[^\]]*\]|[^:]*)(?::(?<port>[1-9]\d{0,4}))?$/.exec(text)?.groups ?? {};
  if (Number(port ?? 0) > 65_535) return undefined;
  const parsed = parseHost(host);
  return parsed && { host: parsed, port: port === undefined ? undefined : Number(port) };
}

/** A grant in canonical form, as a Deno permission. */
export function printGrant({ host, port }: Grant): string {
  return `${host.kind === "name" ? host.name : printHost(host.address)}${port === undefined ? "" : `:${port}`}`;
}

/** An address or a block of IPv4 addresses in the notation of Deno's permissions. */
export function printHost(range: IpRange): string {
  return range.family === 6 ? `[${printIpRange(range)}]` : printIpRange(range);
}

/** Whether a name has a form in which no resolver reads an IP address. */
export function isName(name: string): boolean {
  const labels = name.split(".");
  return name.length <= LONGEST_NAME && labels.every((label) => LABEL.test(label)) && !NUMBER.test(labels.at(-1) ?? "");
}

function parseHost(host: string): Grant["host"] | undefined {
  const isBracketed = host.startsWith("[");
  const address = parseIpAddress(isBracketed ? host.slice(1, -1) : host);
  if (address !== undefined) return { kind: "address", address };
  if (isBracketed) return undefined;
  const name = host.toLowerCase().replace(/\.$/, "");
  return isName(name) ? { kind: "name", name } : undefined;
}
