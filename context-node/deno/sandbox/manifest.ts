import { LoadError } from "./bundles.ts";
import type { GrantedPermissions } from "./protocol.ts";

/** What is to be known of one kind of permission. */
interface Kind {
  isWellFormed(needed: string): boolean;
  /** What a well-formed one is, in words. */
  readonly form: string;
  covers(grant: string, needed: string): boolean;
}

/** A host, in brackets when it is an IPv6 address, and perhaps a port. */
const ADDRESS = /^(?<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?<port>\d{1,5}))?$/;

const SECRET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

const KINDS = {
  net: { isWellFormed: isAddress, form: '"host" or "host:port"', covers: coversAddress },
  secrets: {
    isWellFormed: (needed) => SECRET_NAME.test(needed),
    form: "the name of a secret",
    covers: (grant, needed) => new RegExp(`^${grant.replaceAll(".", "\\.").replaceAll("*", ".*")}$`).test(needed),
  },
} as const satisfies Record<keyof GrantedPermissions, Kind>;

type KindName = keyof typeof KINDS;

const NAMES: readonly KindName[] = ["net", "secrets"];

/** What a manifest says that jobs need. Throws a LoadError that says what is wrong with it. */
export function neededPermissions(manifest: unknown): GrantedPermissions {
  const permissions = manifest === undefined ? undefined : record(manifest, "manifest").permissions;
  if (permissions === undefined) return { net: [], secrets: [] };
  const { net = [], secrets = [], ...unknown } = record(permissions, "manifest.permissions");
  const [name] = Object.keys(unknown);
  if (name !== undefined) {
    throw malformed(`manifest.permissions.${name} is no permission; there are ${NAMES.join(" and ")}`);
  }
  return { net: parseNeeded("net", net), secrets: parseNeeded("secrets", secrets) };
}

/** What to tell when a context grants less than is needed; undefined when it grants enough. */
export function tellDenied(
  needed: GrantedPermissions,
  { context, granted }: { context: string; granted: GrantedPermissions },
): string | undefined {
  const lacking = NAMES.filter((name) => missing(name, needed, granted).length > 0);
  if (lacking.length === 0) return undefined;
  const list = (permissions: (name: KindName) => readonly string[]): string =>
    lacking.map((name) => `${name} ${permissions(name).join(", ")}`).join(" and ");
  const grants = lacking.map(
    (name) => `${granted[name].length === 0 ? "no " : ""}${name} ${granted[name].join(", ") || "permission"}`,
  );
  const wanted = NAMES.map((name) => [name, [...granted[name], ...missing(name, needed, granted)]] as const);
  const settings = { permissions: Object.fromEntries(wanted.filter(([, each]) => each.length > 0)) };
  return `The program needs ${list((name) => needed[name])}; context "${context}" grants ${grants.join(" and ")}. Missing: ${list((name) => missing(name, needed, granted))}. Create the context with the settings ${JSON.stringify(settings)}`;
}

function missing(name: KindName, needed: GrantedPermissions, granted: GrantedPermissions): string[] {
  return needed[name].filter((each) => !granted[name].some((grant) => KINDS[name].covers(grant, each)));
}

/** A grant without a port is for all ports. */
function coversAddress(grant: string, address: string): boolean {
  const wanted = address.toLowerCase();
  const given = grant.toLowerCase();
  return wanted === given || (ADDRESS.exec(given)?.groups?.port === undefined && hostOf(wanted) === given);
}

function hostOf(address: string): string | undefined {
  return ADDRESS.exec(address)?.groups?.host;
}

function isAddress(text: string): boolean {
  return hostOf(text) !== undefined && Number(ADDRESS.exec(text)?.groups?.port ?? 0) <= 65_535;
}

function parseNeeded(name: KindName, value: unknown): string[] {
  if (!Array.isArray(value)) throw malformed(`manifest.permissions.${name} is not an array`);
  const { isWellFormed, form } = KINDS[name];
  return Array.from(value, (each: unknown, index) => {
    if (typeof each === "string" && isWellFormed(each)) return each;
    throw malformed(`manifest.permissions.${name}[${index}] is not ${form}`);
  });
}

function record(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed(`${path} is not an object`);
  return value as Record<string, unknown>;
}

function malformed(what: string): LoadError {
  return new LoadError(`The program's manifest is malformed: ${what}`);
}
