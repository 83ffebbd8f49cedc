import type { Write } from "../commits/write.ts";
import { numberOf } from "./rows.ts";

/** Messages are encoded entries, as many as ids and principals. */
export function appendAudit(
  ids: readonly string[],
  principals: readonly string[],
  messages: readonly Uint8Array[],
): Write<void> {
  return {
    name: "append_audit",
    text: `
      INSERT INTO audit (id, principal, message)
      SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[]) ON CONFLICT DO NOTHING`,
    values: [ids, principals, messages],
    answerOf: () => undefined,
  };
}

/** Returns the number of deleted entries. */
export function forgetAudit(before: string): Write<number> {
  return {
    name: "forget_audit",
    text: "WITH gone AS (DELETE FROM audit WHERE id < $1 RETURNING 1) SELECT count(*)::integer AS count FROM gone",
    values: [before],
    answerOf: ([row]) => (row ? numberOf(row, "count") : 0),
  };
}
