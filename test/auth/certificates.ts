import "reflect-metadata";

import { createPrivateKey, randomBytes, webcrypto } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  BasicConstraintsExtension,
  cryptoProvider,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const HOUR_MS = 3600 * 1000;

cryptoProvider.set(webcrypto as Crypto);

/** Paths of PEM files, as configurations have them. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface Wanted {
  /** The common name, after `O=Acme`. */
  readonly name: string;
  /** Default an hour ahead. */
  readonly notAfter?: Date;
}

/** An authority whose certificates are written to a directory. */
export interface Authority {
  /** Path of its own certificate. */
  readonly ca: string;
  /** A certificate for `localhost` and 127.0.0.1, in files called as asked; files that are there are overwritten. */
  issue(file: string, wanted: Wanted): Promise<CertificateFiles>;
}

export async function createAuthority(directory: string, name: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const own = await X509CertificateGenerator.createSelfSigned({
    ...{ serialNumber: serialNumber(), name: `O=Acme, CN=${name}`, ...validity() },
    ...{ keys, signingAlgorithm: ALGORITHM },
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const ca = join(directory, `${name}.ca.pem`);
  await writeFile(ca, own.toString("pem"));
  return {
    ca,
    async issue(file, wanted) {
      const { publicKey, privateKey } = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
      const extensions: Extension[] = [
        new BasicConstraintsExtension(false),
        new SubjectAlternativeNameExtension([
          { type: "dns", value: "localhost" },
          { type: "ip", value: "127.0.0.1" },
        ]),
      ];
      const certificate = await X509CertificateGenerator.create({
        ...{ serialNumber: serialNumber(), issuer: own.subject, subject: `O=Acme, CN=${wanted.name}` },
        ...{
          ...validity(wanted.notAfter),
          publicKey,
          signingKey: keys.privateKey,
          signingAlgorithm: ALGORITHM,
          extensions,
        },
      });
      const files = { cert: join(directory, `${file}.pem`), key: join(directory, `${file}.key`) };
      const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", privateKey));
      const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
      await writeFile(files.key, key.export({ type: "pkcs8", format: "pem" }));
      await writeFile(files.cert, certificate.toString("pem"));
      return files;
    },
  };
}

function validity(notAfter = new Date(Date.now() + HOUR_MS)): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(notAfter.getTime() - 2 * HOUR_MS), notAfter };
}

/** Positive, and of its full length. */
function serialNumber(): string {
  return `7f${randomBytes(15).toString("hex")}`;
}
