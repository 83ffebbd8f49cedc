import { pageTokenInvalid } from "../../../proto/errors.ts";
import { sizeAtMost } from "../../../proto/mod.ts";

const DEFAULT_PAGE_SIZE = 50;
const LARGEST_PAGE_SIZE = 1000;

/** Number of rows of a page for the requested `page_size`. */
export function pageLimit(asked: number, { fallback = DEFAULT_PAGE_SIZE, largest = LARGEST_PAGE_SIZE } = {}): number {
  return asked === 0 ? fallback : Math.min(asked, largest);
}

/** Token of the page after the row with this key; opaque to callers. */
function pageToken(key: string): string {
  return Buffer.from(`1:${key}`).toString("base64url");
}

/** Pattern of all valid tokens, for the OpenAPI document: base64url of a text that begins with `1:`, or empty. */
export const PAGE_TOKEN_PATTERN = "^(?:MT[o-r][A-Za-z0-9_-]*)?$";

const PAGE_TOKEN = new RegExp(PAGE_TOKEN_PATTERN);

/** The key in a token; undefined for the first page. Every key is a valid position in a list, whether or not a row has it. */
function parsePageToken(token: string): string | undefined {
  if (!PAGE_TOKEN.test(token)) throw pageTokenInvalid(token);
  return token === "" ? undefined : Buffer.from(token, "base64url").toString().slice(2);
}

/** Greatest numeric key that stores accept. */
const LAST_NUMBER = 2 ** 31 - 1;

/** The number in a numeric key. */
export function numberIn(key: string | undefined): number | undefined {
  return key === undefined ? undefined : Math.min(Number(/^[0-9]+/.exec(key)?.[0] ?? 0), LAST_NUMBER);
}

/**
 * Maximum size of the rows in one page, in bytes of the binary encoding. gRPC clients accept messages of 4 MiB by default; the difference
 * is for fields that are added to the rows, and for the token.
 */
export const PAGE_BYTES = 3 * 1024 * 1024;

/** Number of rows that are read from the store at once: a few large ones fill a page. */
const ROWS_AT_ONCE = 200;

/** Maximum number of rows read for one page, as a multiple of its limit; a sparser list has short pages. */
const ROWS_PER_LIMIT = 20;

interface PageRead<Row> {
  readonly limit: number;
  /** The requested `page_token`. */
  readonly token: string;
  readonly key: (row: Row) => string;
  /** Whether the caller may see a row; default: all. */
  readonly covers?: (row: Row) => boolean;
  /** Reads the rows after the one with this key. */
  readonly read: (limit: number, after: string | undefined) => Promise<readonly Row[]>;
}

interface Page<Row> {
  readonly rows: Row[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** Reads a page of the rows that the caller may see: at most `limit` rows, fewer if they are large. */
export async function readPage<Row>(page: PageRead<Row>): Promise<Page<Row>> {
  const { limit, key } = page;
  const rows: Row[] = [];
  let room = PAGE_BYTES;
  let after = parsePageToken(page.token);
  for (let left = limit * ROWS_PER_LIMIT; left > 0; left -= Math.min(limit, ROWS_AT_ONCE)) {
    const { visible, next } = await readRows(page, after);
    for (const row of visible) {
      room -= sizeAtMost(row);
      const last = rows.at(-1);
      const isFull = rows.length === limit || room < 0;
      // A row that is too large for any page gets one of its own.
      if (isFull && last !== undefined) return { rows, nextPageToken: pageToken(key(last)) };
      rows.push(row);
    }
    if (next === undefined) return { rows, nextPageToken: "" };
    after = next;
    if (rows.length === limit) break;
  }
  return { rows, nextPageToken: pageToken(after ?? "") };
}

/** Reads rows that the caller may see, and the key of the last row read; no key after the last row of all. */
async function readRows<Row>({ limit, key, covers, read }: PageRead<Row>, after: string | undefined) {
  const wanted = Math.min(limit, ROWS_AT_ONCE);
  // One more than wanted, to detect whether there are more.
  const found = await read(wanted + 1, after);
  const last = found.length > wanted ? found[wanted - 1] : undefined;
  const visible = found.slice(0, wanted).filter((row) => covers?.(row) ?? true);
  return { visible, next: last && key(last) };
}

/** Like `readPage`, for rows in memory, ascending by key. */
export function pageOf<Row>(
  all: readonly Row[],
  { key, ...page }: Pick<PageRead<Row>, "limit" | "token" | "key">,
): Promise<Page<Row>> {
  const read = async (limit: number, after = "") => all.filter((row) => key(row) > after).slice(0, limit);
  return readPage({ ...page, key, read });
}
