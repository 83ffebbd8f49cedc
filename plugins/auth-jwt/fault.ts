import { errors } from "jose";

/** What makes a token no good. Everything else that jose throws is an outage. */
const FAULTS = [
  errors.JWTExpired,
  errors.JWTClaimValidationFailed,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
];

/** What is wrong with a token; undefined when the error says nothing about the token. */
export function faultOf(error: unknown): string | undefined {
  return FAULTS.some((fault) => error instanceof fault) ? (error as Error).message : undefined;
}
