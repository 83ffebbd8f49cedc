import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContext } from "node:tls";

/** Absolute paths of PEM files. */
export interface IdentityFiles {
  readonly cert: string;
  readonly key: string;
  /** The authorities that others' certificates must be of. */
  readonly ca: string;
}

/** A certificate with its key and the authorities that others' certificates must be of: in PEM, and ready for use. */
export interface Identity {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
  readonly context: SecureContext;
}

/** Throws when a file cannot be read, is no PEM, or the key is not that of the certificate. */
export function readIdentity(files: IdentityFiles): Identity {
  const [cert, key, ca] = [readFileSync(files.cert), readFileSync(files.key), readFileSync(files.ca)];
  // An authority that is none is left out without a word otherwise, and then nobody is one of ours.
  new X509Certificate(ca);
  return { cert, key, ca, context: createSecureContext({ cert, key, ca }) };
}
