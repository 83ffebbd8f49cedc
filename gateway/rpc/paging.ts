import { pageTokenInvalid } from "../../proto/errors.ts";

const DEFAULT_PAGE_SIZE = 50;
const LARGEST_PAGE_SIZE = 1000;

/** How many rows a list answers for the `page_size` asked. */
export function pageLimit(asked: number, { fallback = DEFAULT_PAGE_SIZE, largest = LARGEST_PAGE_SIZE } = {}): number {
  return asked === 0 ? fallback : Math.min(asked, largest);
}

/** The token of the page after a row with this key; opaque to callers. */
export function pageToken(key: string): string {
  return Buffer.from(`1:${key}`).toString("base64url");
}

/** The key in a token; undefined for the first page. */
export function parsePageToken(token: string): string | undefined {
  if (token === "") return undefined;
  const text = Buffer.from(token, "base64url").toString();
  if (!text.startsWith("1:") || pageToken(text.slice(2)) !== token) throw pageTokenInvalid(token);
  return text.slice(2);
}

/** Cuts the row too many that a list reads to know whether there is a next page. */
export function cutPage<Row>(
  rows: readonly Row[],
  limit: number,
  key: (row: Row) => string,
): { rows: Row[]; nextPageToken: string } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, nextPageToken: rows.length > limit && last !== undefined ? pageToken(key(last)) : "" };
}
