import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContext } from "node:tls";

/** Absolute paths of PEM files. */
export interface IdentityFiles {
  readonly cert: string;
  readonly key: string;
  /** Authorities that must have issued the certificates of others. */
  readonly ca: string;
}

/** A certificate, its key, and the authorities that must have issued the certificates of others. In PEM, and as a secure context. */
export interface Identity {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
  readonly context: SecureContext;
}

/** Throws if a file cannot be read or is not PEM, or if the key does not match the certificate. */
export function readIdentity(files: IdentityFiles): Identity {
  const [cert, key, ca] = [readFileSync(files.cert), readFileSync(files.key), readFileSync(files.ca)];
  // createSecureContext() silently ignores an invalid authority, and would then accept no peer.
  new X509Certificate(ca);
  return { cert, key, ca, context: createSecureContext({ cert, key, ca }) };
}
