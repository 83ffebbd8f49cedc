/** Errors about who calls, and what they may. */
import { Code, ConnectError } from "@connectrpc/connect";
import { apiError, errorInfo, withHeaders } from "./error.ts";

/** Whether an error says that credentials were shown, and are not good. */
export function isCredentialsRefused(error: unknown): boolean {
  return error instanceof ConnectError && errorInfo(error)?.reason === "CREDENTIALS_REFUSED";
}

/** Carries the challenges of all accepted kinds of credentials (WWW-Authenticate, RFC 9110). */
export function credentialsMissing(challenges: readonly string[]): ConnectError {
  const error = apiError("Cannot authenticate the caller: it shows no credentials that are known here", {
    code: Code.Unauthenticated,
    reason: "CREDENTIALS_MISSING",
  });
  return withHeaders(error, "www-authenticate", challenges);
}

/** The caller does not see why. */
export function credentialsRefused(challenges: readonly string[], cause: unknown): ConnectError {
  const error = apiError("Cannot authenticate the caller: its credentials are not valid", {
    code: Code.Unauthenticated,
    reason: "CREDENTIALS_REFUSED",
    cause,
  });
  return withHeaders(error, "www-authenticate", challenges);
}

/** `isLimited`: roles of the principal permit it for other objects. The error does not name the object: the caller may not know it. */
export function permissionDenied(
  permission: string,
  principal: string,
  { isLimited }: { readonly isLimited: boolean },
): ConnectError {
  const wanted = isLimited ? "it for what the call touches" : "it";
  return apiError(`Cannot use permission "${permission}" as "${principal}": no role allows ${wanted}`, {
    code: Code.PermissionDenied,
    reason: "PERMISSION_DENIED",
    metadata: { permission, principal },
  });
}

/** Longest list of what was to be granted in a message, in characters. */
const LONGEST_GRANTS = 256;

interface GrantTouched {
  readonly context?: string | undefined;
  readonly granted: readonly { readonly kind: string; readonly values: readonly string[] }[];
}

/** The caller may do what it asked for, but not give a context these permissions. */
export function grantDenied(permission: string, principal: string, { context, granted }: GrantTouched): ConnectError {
  const all = granted.map(({ kind, values }) => `${kind} ${values.join(", ")}`).join(" and ");
  const grants = all.length > LONGEST_GRANTS ? `${all.slice(0, LONGEST_GRANTS)}…` : all;
  const to = context ? ` to context "${context}"` : "";
  return apiError(
    `Cannot grant ${grants}${to} as "${principal}": no role allows permission "${permission}" for it; only "*" and "${permission}" itself stand for that`,
    { code: Code.PermissionDenied, reason: "GRANT_DENIED", metadata: { permission, principal } },
  );
}

/** Every caller runs contexts in its own name, by `gateway.spark.useAsProxyUser`. */
export function proxyUserDenied(principal: string, user: string): ConnectError {
  return apiError(
    `Cannot run a context in the name of "${user}": spark.proxy.user of "${principal}" is "${principal}"; leave the setting out, or name yourself`,
    { code: Code.PermissionDenied, reason: "GRANT_DENIED", metadata: { permission: "contexts:grant", principal } },
  );
}

/** Carries the whole seconds until a retry (Retry-After). */
export function rateLimited(principal: string, waitMs: number): ConnectError {
  const seconds = String(Math.ceil(waitMs / 1000));
  const error = apiError(`Cannot take more calls of "${principal}" now: try again in ${seconds} s`, {
    code: Code.ResourceExhausted,
    reason: "RATE_LIMITED",
    metadata: { principal, retryAfterSeconds: seconds },
  });
  return withHeaders(error, "retry-after", [seconds]);
}

/** Carries the whole seconds until a retry (Retry-After). `network` is the key by which failed logins are counted. */
export function loginsLimited(network: string, waitMs: number): ConnectError {
  const seconds = String(Math.ceil(waitMs / 1000));
  const error = apiError(
    `Cannot authenticate the caller: "${network}" showed wrong credentials too often; try again in ${seconds} s`,
    {
      code: Code.ResourceExhausted,
      reason: "LOGINS_LIMITED",
      metadata: { network, retryAfterSeconds: seconds },
    },
  );
  return withHeaders(error, "retry-after", [seconds]);
}
