import type { Principal } from "../../plugins/contract/mod.ts";
import { matchesName } from "../../proto/mod.ts";

/** What a role permits. */
export interface Role {
  /** `jobs:start`, `jobs:*` or `jobs` for all of jobs, `*` for everything. */
  readonly permissions: readonly string[];
  /** Names of contexts, with `*` for any text. Absent: all. */
  readonly contexts?: readonly string[] | undefined;
  /** Names of binaries, with `*` for any text. Absent: all. */
  readonly binaries?: readonly string[] | undefined;
  /** Calls per second of a principal with the role, on average. */
  readonly requestsPerSecond?: number | undefined;
}

/** Roles by name. */
export type Roles = ReadonlyMap<string, Role>;

/** Names of the context and the binaries of a call, if any. A context created for a job is named "", and so is the binary of a query. */
export interface Touched {
  readonly context?: string | undefined;
  readonly binary?: string | undefined;
  /** References to further binaries. */
  readonly classPath?: readonly string[] | undefined;
}

/** The name in `name`, `name@2` or `name@sha256:<hex>`. */
export function binaryName(reference: string): string {
  return reference.replace(/@.*$/s, "");
}

/** What a caller may access with one permission. */
export interface Access {
  /** Access to everything. */
  readonly isUnlimited: boolean;
  covers(touched: Touched): boolean;
}

export const UNLIMITED: Access = { isUnlimited: true, covers: () => true };

/** The access of a principal with a permission: the union over its roles. Undefined when none has the permission. */
export function accessOf(roles: Roles, principal: Principal, permission: string): Access | undefined {
  const { permissions: scopes } = principal;
  if (scopes !== undefined && !scopes.some((scope) => matchesPermission(scope, permission))) return undefined;
  const granting = rolesOf(roles, principal).filter(({ permissions }) =>
    permissions.some((pattern) => matchesPermission(pattern, permission)),
  );
  if (granting.length === 0) return undefined;
  const isUnlimited = granting.some(({ contexts, binaries }) => contexts === undefined && binaries === undefined);
  if (isUnlimited) return UNLIMITED;
  return {
    isUnlimited,
    covers: ({ context, binary, classPath = [] }) =>
      granting.some(
        ({ contexts, binaries }) =>
          matchesAny(contexts, context) &&
          matchesAny(binaries, binary) &&
          classPath.every((reference) => matchesAny(binaries, binaryName(reference))),
      ),
  };
}

/** The configured roles of a principal. */
export function rolesOf(roles: Roles, { roles: names }: Principal): Role[] {
  return names.map((name) => roles.get(name)).filter((role) => role !== undefined);
}

/** Permissions that only `*` and their own names match: permission to change contexts does not include what jobs may reach. */
const SPELLED_OUT = new Set(["contexts:grant"]);

/** Whether a pattern matches a permission. */
export function matchesPermission(pattern: string, permission: string): boolean {
  if (pattern === "*" || pattern === permission) return true;
  if (SPELLED_OUT.has(permission)) return false;
  const resource = pattern.endsWith(":*") ? pattern.slice(0, -2) : pattern;
  return permission.startsWith(`${resource}:`);
}

function matchesAny(patterns: readonly string[] | undefined, name: string | undefined): boolean {
  if (patterns === undefined || name === undefined) return true;
  return patterns.some((pattern) => matchesName(pattern, name));
}
