import { hash, randomBytes } from "node:crypto";
import type { Credentials } from "../../plugins/contract/mod.ts";

/** In which most credentials come. What a plugin reads of other headers is not known again. */
const HEADERS = ["authorization", "x-api-key", "cookie"];

/** Stands for what a caller shows, in this process alone; undefined when it shows nothing in the usual places. */
export type CredentialDigest = (credentials: Credentials) => string | undefined;

export function createCredentialDigest(): CredentialDigest {
  const key = randomBytes(32).toString("base64");
  return ({ headers, certificate }) => {
    const shown = [...HEADERS.map((name) => headers.get(name)), certificate?.fingerprint ?? null];
    if (shown.every((part) => part === null)) return undefined;
    return hash("sha256", JSON.stringify([key, ...shown]), "base64");
  };
}
