import { LoadError } from "./bundles.ts";
import type { GrantedPermissions } from "./protocol.ts";

type PermissionName = keyof GrantedPermissions;

const NAMES: readonly PermissionName[] = ["net"];

/** A host, in brackets when it is an IPv6 address, and perhaps a port. */
const ADDRESS = /^(?<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?<port>\d{1,5}))?$/;

/** What a module says that its jobs need. Throws a LoadError that says what is wrong with its manifest. */
export function neededPermissions({ manifest }: Readonly<Record<string, unknown>>): GrantedPermissions {
  const permissions = manifest === undefined ? undefined : record(manifest, "manifest").permissions;
  if (permissions === undefined) return { net: [] };
  const { net = [], ...unknown } = record(permissions, "manifest.permissions");
  const [name] = Object.keys(unknown);
  if (name !== undefined) {
    throw malformed(`manifest.permissions.${name} is no permission; there is ${NAMES.join(", ")}`);
  }
  if (!Array.isArray(net)) throw malformed("manifest.permissions.net is not an array");
  return { net: Array.from(net, parseAddress) };
}

/** What to tell when a context grants less than is needed; undefined when it grants enough. */
export function tellDenied(
  needed: GrantedPermissions,
  { context, granted }: { context: string; granted: GrantedPermissions },
): string | undefined {
  const missing = needed.net.filter((address) => !granted.net.some((grant) => covers(grant, address)));
  if (missing.length === 0) return undefined;
  const wanted = JSON.stringify({ permissions: { net: [...granted.net, ...missing] } });
  const grants = granted.net.length === 0 ? "no net permission" : `net ${granted.net.join(", ")}`;
  return `The program needs net ${needed.net.join(", ")}; context "${context}" grants ${grants}. Missing: net ${missing.join(", ")}. Create the context with the settings ${wanted}`;
}

/** A grant without a port is for all ports. */
function covers(grant: string, address: string): boolean {
  const wanted = address.toLowerCase();
  const given = grant.toLowerCase();
  return wanted === given || (ADDRESS.exec(given)?.groups?.port === undefined && hostOf(wanted) === given);
}

function hostOf(address: string): string | undefined {
  return ADDRESS.exec(address)?.groups?.host;
}

function parseAddress(value: unknown, index: number): string {
  const port = typeof value === "string" ? ADDRESS.exec(value)?.groups?.port : undefined;
  if (typeof value !== "string" || hostOf(value) === undefined || Number(port ?? 0) > 65_535) {
    throw malformed(`manifest.permissions.net[${index}] is not "host" or "host:port"`);
  }
  return value;
}

function record(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed(`${path} is not an object`);
  return value as Record<string, unknown>;
}

function malformed(what: string): LoadError {
  return new LoadError(`The program's manifest is malformed: ${what}`);
}
