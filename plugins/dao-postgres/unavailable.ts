import pg from "pg";
import { UNREACHABLE_CODES } from "../../lib/network/mod.ts";
import type { StoreState } from "../contract/mod.ts";

/** SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html), or classes of them, that are no fault of Hearth. */
const STATES: Readonly<Record<string, StoreState>> = {
  "08": "away",
  "25006": "readOnly",
  "28": "denied",
  "3D": "denied",
  "40": "busy",
  "42501": "denied",
  "53": "busy",
  "53100": "full",
  "55P03": "busy",
  "57": "away",
  "57014": "busy",
  "58": "failing",
};

/** Further codes for a connection that cannot be used: of name resolution, local sockets, descriptors, addresses and Node's streams. */
const NETWORK_CODE = /^(E(AI_|NOENT|MFILE|NFILE|ADDR)|ERR_(STREAM|SOCKET)_)/;

/** Codes of TLS (OpenSSL's, certificates', Node's), and of a forbidden socket. */
const DENIED_CODE =
  /^(EACCES|EPERM|EPROTO|ERR_(SSL|TLS|OSSL)_.*|UNABLE_TO_.*|.*CERT.*|.*CRL.*|INVALID_(CA|PURPOSE)|HOSTNAME_MISMATCH)$/;

/** Messages of the client about a lost connection. */
const CUT = /timeout|timed out|terminated|not queryable|closed|did not answer/i;

/** Messages of the client about a connection that it refuses. */
const REFUSED = /SSL|SASL|SCRAM|password|authentication/i;

/** The state of a database that cannot be used now. Undefined for other errors, which are bugs. */
export function stateOf(cause: unknown): StoreState | undefined {
  if (cause instanceof pg.DatabaseError) return STATES[cause.code ?? ""] ?? STATES[cause.code?.slice(0, 2) ?? ""];
  if (!(cause instanceof Error)) return "away";
  if ("code" in cause) return stateOfCode(String(cause.code));
  // The client's own errors are plain ones.
  if (cause.constructor !== Error) return undefined;
  if (CUT.test(cause.message)) return "away";
  return REFUSED.test(cause.message) ? "denied" : undefined;
}

function stateOfCode(code: string): StoreState | undefined {
  if (UNREACHABLE_CODES.has(code) || NETWORK_CODE.test(code)) return "away";
  return DENIED_CODE.test(code) ? "denied" : undefined;
}
