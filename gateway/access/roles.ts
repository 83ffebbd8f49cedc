import type { Principal } from "../../plugins/contract/mod.ts";
import { matchesName } from "../../proto/mod.ts";

/** What a role allows. */
export interface Role {
  /** `jobs:start`, `jobs:*` or `jobs` for all of jobs, `*` for everything. */
  readonly permissions: readonly string[];
  /** Names of contexts, with `*` for any text. Absent: all. */
  readonly contexts?: readonly string[] | undefined;
  /** Names of binaries, with `*` for any text. Absent: all. */
  readonly binaries?: readonly string[] | undefined;
  /** Calls that a principal with the role may make, on average. */
  readonly requestsPerSecond?: number | undefined;
}

/** By name. */
export type Roles = ReadonlyMap<string, Role>;

/**
 * What a call touches: names of a context and of binaries, where it touches any. A context made for a job is named "", and so is the binary of
 * a query.
 */
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

/** What a caller may touch with one permission. */
export interface Access {
  /** Covers everything. */
  readonly isUnlimited: boolean;
  covers(touched: Touched): boolean;
}

export const UNLIMITED: Access = { isUnlimited: true, covers: () => true };

/** What a principal may touch with a permission: what any of its roles allows. Undefined when none has the permission. */
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

/** The roles of a principal that exist. */
export function rolesOf(roles: Roles, { roles: names }: Principal): Role[] {
  return names.map((name) => roles.get(name)).filter((role) => role !== undefined);
}

/** Permissions that only `*` and their own names stand for: who may change contexts does not by that decide what jobs may reach. */
const SPELLED_OUT = new Set(["contexts:grant"]);

/** Whether a pattern stands for a permission. */
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
