import { type JsonObject, withFallback } from "../../lib/hocon/mod.ts";
import { PROXY_USER, proxyUserPrefix, withoutProxyUser } from "../contexts/mod.ts";
import { failure, Rejection } from "./http/answer.ts";
import type { SparkRequest } from "./http/request.ts";
import { expandPaths } from "./paths.ts";

/**
 * Contexts of one user each (`gateway.spark.useAsProxyUser`). They are stored as `<user>~<name>`; their user calls them `<name>` and does
 * not see those of others.
 */

/** Longest name of a user and a context together, in characters. */
const USER = /^[A-Za-z][A-Za-z0-9._~-]*$/;

/** Stored name of the context that the caller calls `name`. Throws the response when the caller can have no context of that name. */
export function keptName({ owner }: Pick<SparkRequest, "owner">, name: string): string {
  if (owner === undefined || name === "") return name;
  checkUser(owner);
  // A "~" after the user's name would make it the name of another user.
  if (name.startsWith("~")) throw new Rejection(failure(404, `context ${name} not found`));
  return proxyUserPrefix(owner) + name;
}

/** The caller's settings with the caller as proxy user, regardless of the one that they name. */
export function asProxyUser({ owner }: Pick<SparkRequest, "owner">, asked: JsonObject): JsonObject {
  if (owner === undefined) return asked;
  checkUser(owner);
  return withFallback(expandPaths([[PROXY_USER, owner]]), withoutProxyUser(asked));
}

/** The caller's settings without the proxy user. */
export function askedByCaller({ owner }: Pick<SparkRequest, "owner">, asked: JsonObject): JsonObject {
  return owner === undefined ? asked : withoutProxyUser(asked);
}

/** The stored names that belong to the caller, as the caller calls them. */
export function ownNames({ owner }: Pick<SparkRequest, "owner">, kept: readonly string[]): readonly string[] {
  if (owner === undefined) return kept;
  const prefix = proxyUserPrefix(owner);
  const own = kept.filter((name) => name.startsWith(prefix) && name[prefix.length] !== "~");
  return own.map((name) => name.slice(prefix.length));
}

function checkUser(owner: string): void {
  if (USER.test(owner)) return;
  const reason = "a user with contexts of its own has a name of letters, digits and . _ ~ - that begins with a letter";
  throw new Rejection(failure(400, `Cannot name contexts of "${owner}": ${reason}`));
}
