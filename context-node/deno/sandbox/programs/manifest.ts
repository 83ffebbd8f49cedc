import {
  contains,
  indexOf,
  isArray,
  join,
  keys,
  numberOf,
  pattern,
  push,
  slice,
  stringify,
  toLowerCase,
} from "../confinement/primordials.ts";
import type { GrantedPermissions } from "../messages/protocol.ts";
import { LoadError } from "./bundles.ts";

/** What is to be known of one kind of permission. */
interface Kind {
  isWellFormed(needed: string): boolean;
  /** What a well-formed one is, in words. */
  readonly form: string;
  covers(grant: string, needed: string): boolean;
}

/** A host, in brackets when it is an IPv6 address, and perhaps a port. */
const ADDRESS = pattern(/^(?<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?<port>\d{1,5}))?$/);

const SECRET_NAME = pattern(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);

const KINDS = {
  net: { isWellFormed: isAddress, form: '"host" or "host:port"', covers: coversAddress },
  secrets: {
    isWellFormed: (needed) => SECRET_NAME.test(needed),
    form: "the name of a secret",
    covers: matches,
  },
} as const satisfies Record<keyof GrantedPermissions, Kind>;

type KindName = keyof typeof KINDS;

const NAMES: readonly KindName[] = ["net", "secrets"];

/** What a manifest says that jobs need. Throws a LoadError that says what is wrong with it. */
export function neededPermissions(manifest: unknown): GrantedPermissions {
  const permissions = manifest === undefined ? undefined : record(manifest, "manifest").permissions;
  if (permissions === undefined) return { net: [], secrets: [] };
  const declared = record(permissions, "manifest.permissions");
  const names = keys(declared);
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string;
    if (!contains<string>(NAMES, name)) {
      throw malformed(`manifest.permissions.${name} is no permission; there are ${join(NAMES, " and ")}`);
    }
  }
  return { net: parseNeeded("net", declared.net), secrets: parseNeeded("secrets", declared.secrets) };
}

/** What to answer when a context grants less than is needed; undefined when it grants enough. */
export function describeDenial(
  needed: GrantedPermissions,
  { context, granted }: { context: string; granted: GrantedPermissions },
): string | undefined {
  const needs: string[] = [];
  const grants: string[] = [];
  const lacks: string[] = [];
  const wanted: Partial<Record<KindName, readonly string[]>> = {};
  for (let index = 0; index < NAMES.length; index++) {
    const name = NAMES[index] as KindName;
    const lacking = missing(name, needed, granted);
    const all = concat(granted[name], lacking);
    if (all.length > 0) wanted[name] = all;
    if (lacking.length === 0) continue;
    push(needs, `${name} ${join(needed[name], ", ")}`);
    push(grants, granted[name].length === 0 ? `no ${name} permission` : `${name} ${join(granted[name], ", ")}`);
    push(lacks, `${name} ${join(lacking, ", ")}`);
  }
  if (lacks.length === 0) return undefined;
  const settings = stringify({ permissions: wanted });
  return `The program needs ${join(needs, " and ")}; context "${context}" grants ${join(grants, " and ")}. Missing: ${join(lacks, " and ")}. Create the context with the settings ${settings}`;
}

function missing(name: KindName, needed: GrantedPermissions, granted: GrantedPermissions): string[] {
  const lacking: string[] = [];
  for (let index = 0; index < needed[name].length; index++) {
    const each = needed[name][index] as string;
    if (!isCovered(name, granted[name], each)) push(lacking, each);
  }
  return lacking;
}

function isCovered(name: KindName, grants: readonly string[], needed: string): boolean {
  for (let index = 0; index < grants.length; index++) {
    if (KINDS[name].covers(grants[index] as string, needed)) return true;
  }
  return false;
}

function concat(first: readonly string[], second: readonly string[]): string[] {
  const all: string[] = [];
  for (let index = 0; index < first.length; index++) push(all, first[index] as string);
  for (let index = 0; index < second.length; index++) push(all, second[index] as string);
  return all;
}

/** A grant without a port is for all ports. */
function coversAddress(grant: string, address: string): boolean {
  const wanted = toLowerCase(address);
  const given = toLowerCase(grant);
  return wanted === given || (ADDRESS.exec(given)?.groups?.port === undefined && hostOf(wanted) === given);
}

/** `*` in a grant stands for any text. Takes the first place of each piece, so it needs no second try. */
function matches(grant: string, name: string): boolean {
  let star = indexOf(grant, "*");
  if (star === -1) return grant === name;
  if (slice(name, 0, star) !== slice(grant, 0, star)) return false;
  let at = star;
  for (;;) {
    const next = indexOf(grant, "*", star + 1);
    if (next === -1) break;
    const piece = slice(grant, star + 1, next);
    const found = indexOf(name, piece, at);
    if (found === -1) return false;
    at = found + piece.length;
    star = next;
  }
  const end = name.length - (grant.length - star - 1);
  return end >= at && slice(name, end) === slice(grant, star + 1);
}

function hostOf(address: string): string | undefined {
  return ADDRESS.exec(address)?.groups?.host;
}

function isAddress(text: string): boolean {
  const address = ADDRESS.exec(text);
  return address !== null && numberOf(address.groups?.port ?? 0) <= 65_535;
}

function parseNeeded(name: KindName, value: unknown): string[] {
  if (value === undefined) return [];
  if (!isArray(value)) throw malformed(`manifest.permissions.${name} is not an array`);
  const { isWellFormed, form } = KINDS[name];
  const needed: string[] = [];
  for (let index = 0; index < value.length; index++) {
    const each: unknown = value[index];
    if (typeof each !== "string" || !isWellFormed(each)) {
      throw malformed(`manifest.permissions.${name}[${index}] is not ${form}`);
    }
    push(needed, each);
  }
  return needed;
}

function record(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || isArray(value)) throw malformed(`${path} is not an object`);
  return value as Record<string, unknown>;
}

function malformed(what: string): LoadError {
  return new LoadError(`The program's manifest is malformed: ${what}`);
}
