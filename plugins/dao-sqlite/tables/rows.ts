import type { SQLOutputValue } from "node:sqlite";

/** A row of SQLite by column name. */
export type Row = Record<string, SQLOutputValue>;

/** The blob in a column; throws when the column holds something else, which means that the database is damaged. */
export function blobOf(row: Row, column: string): Uint8Array<ArrayBuffer> {
  const value = row[column];
  if (value instanceof Uint8Array) return value;
  throw new Error(`Cannot read column "${column}" of the database: it holds no blob`);
}

/** The number in a column; throws as `blobOf` does. */
export function numberOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === "number") return value;
  throw new Error(`Cannot read column "${column}" of the database: it holds no number`);
}

/** The text in a column; throws as `blobOf` does. */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw new Error(`Cannot read column "${column}" of the database: it holds no text`);
}
