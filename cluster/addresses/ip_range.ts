import { isIPv4, isIPv6 } from "node:net";

/** A block of IP addresses; a single address is a block of one. */
export interface IpRange {
  readonly family: 4 | 6;
  /** Its lowest address, as a number. */
  readonly first: bigint;
  /** Number of leading bits that all of its addresses share. */
  readonly prefix: number;
}

const BITS = { 4: 32, 6: 128 } as const;

/** Addresses `::ffff:a.b.c.d`: IPv4, written as IPv6. */
const MAPPED_FIRST = 0xffff_0000_0000n;

/**
 * Reads an address: IPv4 as four decimal numbers, IPv6 without brackets and zone. An IPv4-mapped IPv6 address becomes the IPv4
 * address that the operating system connects to. Returns undefined for any other text.
 */
export function parseIpAddress(text: string): IpRange | undefined {
  if (isIPv4(text)) return { family: 4, first: parseIpv4(text), prefix: BITS[4] };
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const first = parseIpv6(text);
  if (first >> 32n === MAPPED_FIRST >> 32n) return { family: 4, first: first & 0xffff_ffffn, prefix: BITS[4] };
  return { family: 6, first, prefix: BITS[6] };
}

/** Reads an address, or a block such as `10.0.0.0/8` or `fd00::/8`. Returns undefined for any other text. */
export function parseIpRange(text: string): IpRange | undefined {
  const [address = "", prefix, ...more] = text.split("/");
  const parsed = parseIpAddress(address);
  if (parsed === undefined || prefix === undefined) return parsed;
  if (more.length > 0 || !/^(?:0|[1-9]\d{0,2})$/.test(prefix)) return undefined;
  // The prefix of an IPv4-mapped block includes the 96 bits before the IPv4 address.
  const bits = Number(prefix) - (parsed.family === 4 && !isIPv4(address) ? 96 : 0);
  return bits < 0 || bits > BITS[parsed.family] ? undefined : rangeOf({ ...parsed, prefix: bits });
}

/** Whether all addresses of a block are in another one. */
export function isWithin(inner: IpRange, outer: IpRange): boolean {
  if (inner.family !== outer.family || inner.prefix < outer.prefix) return false;
  return rangeOf({ ...inner, prefix: outer.prefix }).first === outer.first;
}

/** The addresses of a block that are in none of the others, as the smallest ordered list of blocks. */
export function withoutRanges(range: IpRange, holes: readonly IpRange[]): IpRange[] {
  if (holes.some((hole) => isWithin(range, hole))) return [];
  const inside = holes.filter((hole) => isWithin(hole, range));
  if (inside.length === 0) return [range];
  const prefix = range.prefix + 1;
  const half = 1n << BigInt(BITS[range.family] - prefix);
  const halves = [
    { ...range, prefix },
    { ...range, first: range.first + half, prefix },
  ];
  return halves.flatMap((each) => withoutRanges(each, inside));
}

/** A block as text, in the one canonical form: `10.0.0.0/8`, `::1`. A block of one address has no prefix. */
export function printIpRange({ family, first, prefix }: IpRange): string {
  const address = family === 4 ? printIpv4(first) : printIpv6(first);
  return prefix === BITS[family] ? address : `${address}/${prefix}`;
}

/** The block that contains the address. Clears the bits after the prefix. */
function rangeOf({ family, first, prefix }: IpRange): IpRange {
  const rest = BigInt(BITS[family] - prefix);
  return { family, first: (first >> rest) << rest, prefix };
}

function parseIpv4(text: string): bigint {
  return text.split(".").reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function printIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join(".");
}

function parseIpv6(text: string): bigint {
  const [head = "", tail] = canonicalIpv6(text).split("::");
  const before = groupsOf(head);
  const after = groupsOf(tail ?? "");
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after].reduce((value, group) => value * 0x1_0000n + BigInt(`0x${group}`), 0n);
}

function printIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => (value >> BigInt(16 * (7 - index))) & 0xffffn);
  return canonicalIpv6(groups.map((group) => group.toString(16)).join(":"));
}

/** As RFC 5952 writes it, all groups in hexadecimal. */
function canonicalIpv6(text: string): string {
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
