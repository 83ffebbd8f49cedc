import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { Row } from "./rows.ts";

/** What a page holds: rows that are in one of the states (none means all) and meet every condition, by id descending. */
export interface PageQuery {
  readonly states: readonly number[] | undefined;
  /** SQL conditions with one parameter each, and its value; those without a value are left out. */
  readonly conditions: readonly (readonly [sql: string, parameter: string, value: SQLInputValue | undefined])[];
  readonly limit: number;
}

/** Makes the function that reads pages of a table with columns `id`, `state`, `end_ms` and `message`. */
export function preparePages(database: DatabaseSync, table: "jobs" | "contexts"): (query: PageQuery) => Row[] {
  const statements = new Map<string, StatementSync>();

  return function readPage({ states, conditions, limit }) {
    const given = conditions.filter(([, , value]) => value !== undefined);
    const stateSet = [...new Set(states)];
    // Each state is a range of an index that is in order of id already; SQLite merges them and stops at the limit.
    const ranges = stateSet.length > 0 ? stateSet.map((_state, n) => [`state = $state${n}`]) : [[]];
    const selects = ranges.map((range) => selectWhere(table, [...range, ...given.map(([sql]) => sql)]));
    const sql = `${selects.join(" UNION ALL ")} ORDER BY id DESC LIMIT $limit`;
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement.all({
      ...Object.fromEntries(stateSet.map((state, n) => [`state${n}`, state])),
      ...Object.fromEntries(given.map(([, parameter, value]) => [parameter, value])),
      limit,
    });
  };
}

function selectWhere(table: string, conditions: readonly string[]): string {
  const where = conditions.length > 0 ? ` WHERE ${conditions.join(" AND ")}` : "";
  return `SELECT id, message FROM ${table}${where}`;
}
