import { z } from "zod";

/** Time limit for an issuer to respond during a start, in milliseconds. */
const TIMEOUT_MS = 5000;

const metadata = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** The response is of another issuer. */
export class WrongIssuerError extends Error {
  override readonly name = "WrongIssuerError";
}

/**
 * Finds where an issuer publishes its keys (OpenID Connect Discovery 1.0, section 4). Rejects when the issuer does not respond, with
 * WrongIssuerError when the response is of another issuer.
 */
export async function discoverKeys(issuer: string, { signal }: { readonly signal: AbortSignal }): Promise<string> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const told = await read(url, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])).catch((cause) => {
    throw new Error(`Cannot discover the keys of issuer ${issuer}: ${url} does not respond as expected`, { cause });
  });
  if (told.issuer !== issuer) {
    throw new WrongIssuerError(`Cannot discover the keys of issuer ${issuer}: ${url} calls itself "${told.issuer}"`);
  }
  return told.jwks_uri;
}

async function read(url: string, signal: AbortSignal) {
  const response = await fetch(url, { signal, headers: { accept: "application/json" }, redirect: "error" });
  if (!response.ok) throw new Error(`the status is ${response.status}`);
  return metadata.parse(await response.json());
}
