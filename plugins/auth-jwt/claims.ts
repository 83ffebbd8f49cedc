import type { JWTPayload } from "jose";

/** Mapping of claims to roles. */
export interface RoleMapping {
  readonly rolesClaim?: string | undefined;
  readonly roleMap?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly roles: readonly string[];
}

/** The roles of a valid token. */
export function rolesIn(claims: JWTPayload, { rolesClaim, roleMap, roles }: RoleMapping): string[] {
  const values = rolesClaim === undefined ? [] : textsIn(claimAt(claims, rolesClaim));
  const mapped = roleMap === undefined ? values : values.flatMap((value) => ownValue(roleMap, value) ?? []);
  return [...new Set([...roles, ...mapped])];
}

/** The claim of that name, else the one in nested objects if the name has dots. */
export function claimAt(claims: JWTPayload, name: string): unknown {
  const whole = ownValue(claims, name);
  if (whole !== undefined) return whole;
  return name
    .split(".")
    .reduce<unknown>((value, part) => (isObject(value) ? ownValue(value, part) : undefined), claims);
}

/** A non-empty text or a number. */
export function idOf(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return value.split(" ").filter((text) => text !== "");
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function ownValue<Value>(object: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
