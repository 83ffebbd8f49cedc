/**
 * Codes of system errors (https://nodejs.org/api/errors.html#common-system-errors) for a peer that is not reachable now, or no longer:
 * waiting may help.
 */
export const UNREACHABLE_CODES: ReadonlySet<unknown> = new Set([
  "EAI_AGAIN",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETRESET",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
]);
