import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { Row } from "./rows.ts";

/** Conditions of a page; its rows are sorted by id descending. */
export interface PageQuery {
  /** Any of these; empty or absent means all. */
  readonly states: readonly number[] | undefined;
  readonly endedBefore: Date | undefined;
  /** Only smaller ids. */
  readonly before: string | undefined;
  /** Values of columns. */
  readonly equal: Readonly<Record<string, string | undefined>>;
  readonly limit: number;
}

/** Makes the function that reads pages of a table; its rows have `id` and `message`. Most rows are in the common state. */
export function preparePages(
  database: DatabaseSync,
  { table, commonState }: { table: "jobs" | "contexts"; commonState: number },
): (query: PageQuery) => Row[] {
  const statements = new Map<string, StatementSync>();

  return function readPage({ states, endedBefore, before, equal, limit }) {
    const values: Record<string, SQLInputValue> = { limit };
    const conditions: string[] = [];
    let alternatives: string[] = [];
    let from: string = table;

    for (const [column, value] of Object.entries(equal)) {
      if (value === undefined) continue;
      conditions.push(`${column} = $${column}`);
      values[column] = value;
    }
    // A plus keeps SQLite from the index of the states: of the common one it would visit more rows than of another column.
    const hasOthers = conditions.length > 0;
    for (const state of new Set(states)) {
      const name = `state${alternatives.length}`;
      alternatives.push(`${hasOthers && state === commonState ? "+" : ""}state = $${name}`);
      values[name] = state;
    }

    if (before !== undefined) {
      conditions.push("id < $before");
      values.before = before;
    }
    if (endedBefore) {
      // Few rows ended that long ago: visits those instead of all in order of id.
      from = `${table} INDEXED BY ${table}_by_end`;
      conditions.push("end_ms < $endedBefore");
      values.endedBefore = endedBefore.getTime();
      alternatives = alternatives.length > 0 ? [`(${alternatives.join(" OR ")})`] : [];
    }

    const sql = pageSql({ table, from, conditions, alternatives });
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement.all(values);
  };
}

/** Each alternative is a range of an index in which rows are in order of id: SQLite merges them and stops at the limit. */
function pageSql(query: {
  table: string;
  from: string;
  conditions: readonly string[];
  alternatives: readonly string[];
}): string {
  const { table, from, conditions, alternatives } = query;
  const ranges =
    alternatives.length > 0 ? alternatives.map((alternative) => [...conditions, alternative]) : [conditions];
  const selects = ranges.map((range) => {
    const where = range.length > 0 ? `WHERE ${range.join(" AND ")}` : "";
    return `SELECT id, key FROM ${from} ${where}`;
  });
  // The messages are read at the end, of the page's rows only.
  return `
    SELECT id, message FROM ${table}
    WHERE key IN (SELECT key FROM (${selects.join(" UNION ALL ")} ORDER BY id DESC LIMIT $limit))
    ORDER BY id DESC`;
}
