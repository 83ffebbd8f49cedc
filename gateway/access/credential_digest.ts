import { hash, randomBytes } from "node:crypto";
import type { Credentials } from "../../plugins/contract/mod.ts";

/** Headers with most credentials. Those in other headers are not remembered. */
const HEADERS = ["authorization", "x-api-key", "cookie"];

/** A digest of the caller's credentials, valid in this process only. Undefined when the usual headers have none. */
export type CredentialDigest = (credentials: Credentials) => string | undefined;

export function createCredentialDigest(): CredentialDigest {
  const key = randomBytes(32).toString("base64");
  return ({ headers, certificate }) => {
    const shown = [...HEADERS.map((name) => headers.get(name)), certificate?.fingerprint ?? null];
    if (shown.every((part) => part === null)) return undefined;
    return hash("sha256", JSON.stringify([key, ...shown]), "base64");
  };
}
