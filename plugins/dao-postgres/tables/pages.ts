import type { Query } from "../database.ts";
import { textOf } from "./text.ts";

/** Conditions of a page; its rows are sorted by id descending. */
export interface Page {
  /** Any of these; empty or absent means all. */
  readonly states: readonly number[] | undefined;
  readonly endedBefore: Date | undefined;
  /** Only smaller ids. */
  readonly before: string | undefined;
  /** Values of columns. */
  readonly equal: Readonly<Record<string, string | undefined>>;
  readonly limit: number;
}

/** Asks for the ids and messages of a page. It has no name: which index is best depends on the values. */
export function pageQuery(table: "jobs" | "contexts", { states = [], endedBefore, before, equal, limit }: Page): Query {
  const values: unknown[] = [];
  const conditions: string[] = [];
  function require(condition: (parameter: string) => string, value: unknown): void {
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  }

  for (const [column, value] of Object.entries(equal)) {
    if (value !== undefined) require((parameter) => `"${column}" = ${parameter}`, textOf(value));
  }
  if (states.length > 0) require((parameter) => `state = ANY(${parameter}::integer[])`, states);
  if (before !== undefined) require((parameter) => `id < ${parameter}`, textOf(before));
  if (endedBefore) require((parameter) => `end_ms < ${parameter}`, endedBefore.getTime());
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  values.push(limit);
  return { text: `SELECT id, message FROM ${table} ${where} ORDER BY id DESC LIMIT $${values.length}`, values };
}
