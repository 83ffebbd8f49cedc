import pg from "pg";
import type { StoreState } from "../contract/mod.ts";

/** SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html) that are no fault of ours, or classes of them. */
const STATES: Readonly<Record<string, StoreState>> = {
  "08": "away",
  "25006": "readOnly",
  "28": "denied",
  "3D": "away",
  "40": "busy",
  "42501": "denied",
  "53": "busy",
  "53100": "full",
  "55P03": "busy",
  "57": "away",
  "57014": "busy",
  "58": "failing",
};

/** Why a database cannot be used now; undefined when it can, and the error is a bug. */
export function stateOf(cause: unknown): StoreState | undefined {
  if (cause instanceof pg.DatabaseError) return STATES[cause.code ?? ""] ?? STATES[cause.code?.slice(0, 2) ?? ""];
  if (!(cause instanceof Error)) return "away";
  // A socket's errors have a code; the client's own, such as of a connection that was cut, are plain errors.
  return "code" in cause || cause.constructor === Error ? "away" : undefined;
}
