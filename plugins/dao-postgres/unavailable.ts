import pg from "pg";
import type { StoreState } from "../contract/mod.ts";

/** SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html) that are no fault of ours, or classes of them. */
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

/** Codes of a socket that reaches nobody, or not any more; others are those of TLS. */
const NETWORK_CODE = /^E(CONN|NOTFOUND|AI_|HOST|NET|TIMEDOUT|PIPE|NOENT|MFILE|NFILE|ADDR)/;

const CUT = /timeout|timed out|terminated|not queryable|closed|did not answer/i;

/** Why a database cannot be used now; undefined when it can, and the error is a bug. */
export function stateOf(cause: unknown): StoreState | undefined {
  if (cause instanceof pg.DatabaseError) return STATES[cause.code ?? ""] ?? STATES[cause.code?.slice(0, 2) ?? ""];
  if (!(cause instanceof Error)) return "away";
  if ("code" in cause) return NETWORK_CODE.test(String(cause.code)) ? "away" : "denied";
  // The client's own errors are plain ones: of a connection that was cut, else of one that it refuses to make.
  if (cause.constructor !== Error) return undefined;
  return CUT.test(cause.message) ? "away" : "denied";
}
