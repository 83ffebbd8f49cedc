/**
 * Authenticates callers by client certificates, which the gateway's TLS has verified. The configuration maps certificates to principals.
 */
import { z } from "zod";
import { definePlugin } from "../contract/mod.ts";
import { createMtlsAuth } from "./auth.ts";

/** Text in which `*` matches any text without commas and slashes. */
const pattern = z.string().min(1);

export default definePlugin({
  kind: "auth",
  name: "mtls",
  config: z.strictObject({
    certificates: z
      .array(
        z
          .strictObject({
            subject: pattern
              .optional()
              .describe("Distinguished name, its parts in the order of the certificate: `O=Acme,CN=*`"),
            alternativeName: pattern
              .optional()
              .describe(
                "One of the alternative names: `URI:spiffe://acme/*`, `DNS:ci.example.com`, `email:*@example.com`",
              ),
            fingerprint: z
              .string()
              .regex(/^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, "must be 64 hexadecimal digits")
              .transform((text) => text.replaceAll(":", "").toLowerCase())
              .optional()
              .describe("SHA-256 of the certificate, with or without colons"),
            id: z
              .string()
              .min(1)
              .optional()
              .describe(
                "Id of the principal; default the alternative name without its type, else the subject's CN, else the subject",
              ),
            roles: z.array(z.string().min(1)).describe("Roles of the principal"),
          })
          .refine(({ subject, alternativeName, fingerprint }) => subject ?? alternativeName ?? fingerprint, {
            message: "needs a subject, an alternativeName or a fingerprint",
          }),
      )
      .min(1)
      .describe(
        "The first that fits a certificate names its principal; all conditions of one must hold. `*` stands for any text within one part of a name",
      ),
  }),
  start: async ({ config }) => createMtlsAuth(config.certificates),
});
