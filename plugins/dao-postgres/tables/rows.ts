import { stringOf } from "./text.ts";

/** A row of PostgreSQL by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** The bytes in a column; throws when the column holds something else, which means that the database is damaged. */
export function blobOf(row: Row, column: string): Uint8Array<ArrayBuffer> {
  const value = row[column];
  if (Buffer.isBuffer(value)) return new Uint8Array(value);
  throw new Error(`Cannot read column "${column}" of the database: it holds no bytes`);
}

/** The text in a column as `textOf` of text.ts wrote it; throws as `blobOf` does. */
export function stringIn(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string") return stringOf(value);
  throw new Error(`Cannot read column "${column}" of the database: it holds no text`);
}

/** The number in a column; throws as `blobOf` does. */
export function numberOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === "number") return value;
  throw new Error(`Cannot read column "${column}" of the database: it holds no number`);
}
