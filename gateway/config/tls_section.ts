import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { z } from "zod";
import { readableFile } from "../../cluster/mod.ts";
import type { TlsFiles } from "../serve/mod.ts";

/** Section `gateway.tls`. Paths are resolved to absolute ones. */
export const tlsSection = z
  .strictObject({
    cert: readableFile.describe("PEM file of the certificate, with those between it and its authority"),
    key: readableFile.describe("PEM file of its key"),
    clientCa: readableFile
      .optional()
      .describe(
        "PEM file of the authorities that clients' certificates must be of; default: clients are not asked for one",
      ),
  })
  .superRefine(({ cert, key, clientCa }, context) => {
    try {
      createSecureContext({
        ...{ cert: readFileSync(cert), key: readFileSync(key) },
        ...(clientCa !== undefined && { ca: readFileSync(clientCa) }),
      });
      // The TLS context accepts any text as authorities, and then has none.
      if (clientCa !== undefined) new X509Certificate(readFileSync(clientCa));
    } catch (error) {
      context.addIssue(`these files cannot be used together: ${(error as Error).message}`);
    }
  })
  .transform(({ cert, key, clientCa }): TlsFiles => ({ cert, key, clientCa }));
