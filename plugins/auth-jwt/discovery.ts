import { z } from "zod";

/** A gateway that starts waits for so long for an issuer that does not answer. */
const TIMEOUT_MS = 5000;

const metadata = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** Whoever answers in the place of an issuer is another one. */
export class WrongIssuerError extends Error {
  override readonly name = "WrongIssuerError";
}

/**
 * Where an issuer publishes its keys (OpenID Connect Discovery 1.0, section 4). Rejects when the issuer does not answer,
 * with WrongIssuerError when its answer is another issuer's.
 */
export async function discoverKeys(issuer: string, { signal }: { readonly signal: AbortSignal }): Promise<string> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const told = await read(url, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])).catch((cause) => {
    throw new Error(`Cannot discover the keys of issuer ${issuer}: ${url} does not answer as it should`, { cause });
  });
  if (told.issuer !== issuer) {
    throw new WrongIssuerError(`Cannot discover the keys of issuer ${issuer}: ${url} calls itself "${told.issuer}"`);
  }
  return told.jwks_uri;
}

async function read(url: string, signal: AbortSignal) {
  const response = await fetch(url, { signal, headers: { accept: "application/json" }, redirect: "error" });
  if (!response.ok) throw new Error(`it answered ${response.status}`);
  return metadata.parse(await response.json());
}
