/**
 * Bearer tokens of an OpenID Connect issuer: signed JWTs, checked against the keys that the issuer publishes.
 * Imports `plugins/contract`.
 */
import { z } from "zod";
import { definePlugin } from "../contract/mod.ts";
import { startJwtAuth } from "./auth.ts";

/** Signatures of public keys only: with a shared secret, or with none, who can check a token could make one. */
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
    /** As in the tokens' `iss`; its keys are found by OpenID Connect Discovery. */
    issuer: z.url(),
    /** One of these has to be in a token's `aud`. */
    audience: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
    /** Where the keys are, for an issuer without discovery. */
    jwksUri: z.url().optional(),
    algorithms: z.array(z.enum(ALGORITHMS)).min(1).default(["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]),
    /** Difference between the clocks that is put up with, in seconds. */
    clockToleranceSeconds: z.int().nonnegative().max(600).default(30),
    /** A token's header `typ`, when only tokens of that type count: `at+jwt` keeps ID tokens out (RFC 9068). */
    type: z.string().min(1).optional(),
    /** The claim that is the principal's id. */
    idClaim: z.string().min(1).default("sub"),
    /** The claim that holds roles, a list or a text with spaces; dots go into objects: `realm_access.roles`. */
    rolesClaim: z.string().min(1).optional(),
    /** Roles by value of that claim; other values are none. Absent: values are names of roles. */
    roleMap: z.record(z.string(), z.array(z.string().min(1))).optional(),
    /** Roles of whoever has a good token. */
    roles: z.array(z.string().min(1)).default([]),
    /** A token with a key that is not known makes the issuer's keys be read again, at most so often, in milliseconds. */
    keysCooldownMs: z.int().nonnegative().default(30_000),
  }),
  start: ({ config, signal }) => startJwtAuth(config, { signal }),
});
