import { type JsonObject, withFallback } from "../../lib/hocon/mod.ts";
import { PROXY_USER, proxyUserPrefix, withoutProxyUser } from "../contexts/mod.ts";
import { failure, Rejection } from "./http/answer.ts";
import type { SparkRequest } from "./http/request.ts";
import { expandPaths } from "./paths.ts";

/**
 * Contexts that are their callers' own (`gateway.spark.useAsProxyUser`): kept under `<user>~<name>`, and called `<name>` by their
 * users, who do not see each other's.
 */

/** Characters that a user's name and a context's may share. */
const USER = /^[A-Za-z][A-Za-z0-9._~-]*$/;

/** The name under which a context is kept that the caller calls by `name`. Throws the answer when the caller can have none of that name. */
export function keptName({ owner }: Pick<SparkRequest, "owner">, name: string): string {
  if (owner === undefined || name === "") return name;
  checkUser(owner);
  // A "~" after the user's own would make it the name of another user.
  if (name.startsWith("~")) throw new Rejection(failure(404, `context ${name} not found`));
  return proxyUserPrefix(owner) + name;
}

/** What a caller asks of a context, run in the caller's own name whatever it says of that. */
export function asProxyUser({ owner }: Pick<SparkRequest, "owner">, asked: JsonObject): JsonObject {
  if (owner === undefined) return asked;
  checkUser(owner);
  return withFallback(expandPaths([[PROXY_USER, owner]]), withoutProxyUser(asked));
}

/** Of what a caller asks of a context what it decides itself. */
export function askedByCaller({ owner }: Pick<SparkRequest, "owner">, asked: JsonObject): JsonObject {
  return owner === undefined ? asked : withoutProxyUser(asked);
}

/** Of the names under which contexts are kept those of the caller, as the caller calls them. */
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
