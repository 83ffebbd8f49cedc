/**
 * Bearer tokens of an OpenID Connect issuer: signed JWTs, checked against the keys that the issuer publishes.
 * Imports `plugins/contract`.
 */
import { z } from "zod";
import { definePlugin } from "../contract/mod.ts";
import { startJwtAuth } from "./auth.ts";

/** Public-key signatures only: with a shared secret, or none, anyone who can verify a token could create one. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

export default definePlugin({
  kind: "auth",
  name: "jwt",
  config: z.strictObject({
    issuer: z.url().describe("Exactly as in the tokens' `iss`; its keys are found by OpenID Connect Discovery"),
    audience: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .describe("One of these has to be in a token's `aud`"),
    jwksUri: z.url().optional().describe("Where the keys are, for an issuer without discovery"),
    algorithms: z
      .array(z.enum(ALGORITHMS))
      .min(1)
      .default(["RS256", "PS256", "ES256", "EdDSA", "Ed25519"])
      .describe("Signatures that count; shared secrets and `none` cannot be asked for"),
    clockToleranceSeconds: z
      .int()
      .nonnegative()
      .max(600)
      .default(30)
      .describe("Difference between the clocks that is put up with, in seconds"),
    type: z
      .string()
      .min(1)
      .optional()
      .describe("A token's header `typ`, when only tokens of that type count: `at+jwt` keeps ID tokens out (RFC 9068)"),
    idClaim: z.string().min(1).default("sub").describe("The claim that is the principal's id"),
    rolesClaim: z
      .string()
      .min(1)
      .optional()
      .describe("The claim that holds roles, a list or a text with spaces; dots go into objects: `realm_access.roles`"),
    roleMap: z
      .record(z.string(), z.array(z.string().min(1)))
      .optional()
      .describe("Roles by value of that claim; other values are none. Default: values are names of roles"),
    roles: z.array(z.string().min(1)).default([]).describe("Roles of whoever has a good token"),
    keysCooldownMs: z
      .int()
      .nonnegative()
      .default(30_000)
      .describe(
        "A token with a key that is not known makes the issuer's keys be read again, at most so often, in milliseconds",
      ),
  }),
  start: ({ config, log, signal }) => startJwtAuth(config, { log, signal }),
});
