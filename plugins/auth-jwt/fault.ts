import { errors } from "jose";

/** Errors of invalid tokens. All others that jose throws are outages. */
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

/** The problem of a token. Undefined when the error is not about the token. */
export function faultOf(error: unknown): string | undefined {
  return FAULTS.some((fault) => error instanceof fault) ? (error as Error).message : undefined;
}
