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

/** All tokens that are taken, as the OpenAPI document has it: base64url of a text that begins with `1:`, or none. */
export const PAGE_TOKEN_PATTERN = "^(?:MT[o-r][A-Za-z0-9_-]*)?$";

const PAGE_TOKEN = new RegExp(PAGE_TOKEN_PATTERN);

/** The key in a token; undefined for the first page. Any key is a position in a list, whether a row has it or not. */
export function parsePageToken(token: string): string | undefined {
  if (!PAGE_TOKEN.test(token)) throw pageTokenInvalid(token);
  return token === "" ? undefined : Buffer.from(token, "base64url").toString().slice(2);
}

/** Greatest key that is a number: what stores take. */
const LAST_NUMBER = 2 ** 31 - 1;

/** The key in a token of rows that have numbers. */
export function parseNumberToken(token: string): number | undefined {
  const key = parsePageToken(token);
  return key === undefined ? undefined : Math.min(Number(/^[0-9]+/.exec(key)?.[0] ?? 0), LAST_NUMBER);
}

/** Pages of the store that one page of a list may take to fill; a list that is sparser than that has short pages. */
const READS_PER_PAGE = 20;

interface PageRead<Row> {
  readonly limit: number;
  /** `page_token` as asked for. */
  readonly token: string;
  readonly key: (row: Row) => string;
  /** Whether the caller may see a row. */
  readonly covers: (row: Row) => boolean;
  /** Rows after the one with this key. */
  readonly read: (limit: number, after: string | undefined) => Promise<readonly Row[]>;
}

/** Reads a page of the rows that the caller may see. */
export async function readPage<Row>(page: PageRead<Row>): Promise<{ rows: Row[]; nextPageToken: string }> {
  const { limit, token, key, covers, read } = page;
  const seen: Row[] = [];
  let after = parsePageToken(token);
  for (let reads = 0; reads < READS_PER_PAGE; reads++) {
    const found = await read(limit + 1, after);
    const last = found.length > limit ? found[limit - 1] : undefined;
    seen.push(...found.slice(0, limit).filter(covers));
    const lastSeen = seen[limit - 1];
    if (lastSeen !== undefined) {
      const isEnd = seen.length === limit && last === undefined;
      return { rows: seen.slice(0, limit), nextPageToken: isEnd ? "" : pageToken(key(lastSeen)) };
    }
    if (last === undefined) return { rows: seen, nextPageToken: "" };
    after = key(last);
  }
  return { rows: seen, nextPageToken: pageToken(after ?? "") };
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
