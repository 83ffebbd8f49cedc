import { pageTokenInvalid } from "../../../proto/errors.ts";
import { sizeAtMost } from "../../../proto/mod.ts";

const DEFAULT_PAGE_SIZE = 50;
const LARGEST_PAGE_SIZE = 1000;

/** How many rows a list answers for the `page_size` asked. */
export function pageLimit(asked: number, { fallback = DEFAULT_PAGE_SIZE, largest = LARGEST_PAGE_SIZE } = {}): number {
  return asked === 0 ? fallback : Math.min(asked, largest);
}

/** The token of the page after a row with this key; opaque to callers. */
function pageToken(key: string): string {
  return Buffer.from(`1:${key}`).toString("base64url");
}

/** All tokens that are taken, as the OpenAPI document has it: base64url of a text that begins with `1:`, or none. */
export const PAGE_TOKEN_PATTERN = "^(?:MT[o-r][A-Za-z0-9_-]*)?$";

const PAGE_TOKEN = new RegExp(PAGE_TOKEN_PATTERN);

/** The key in a token; undefined for the first page. Any key is a position in a list, whether a row has it or not. */
function parsePageToken(token: string): string | undefined {
  if (!PAGE_TOKEN.test(token)) throw pageTokenInvalid(token);
  return token === "" ? undefined : Buffer.from(token, "base64url").toString().slice(2);
}

/** Greatest key that is a number: what stores take. */
const LAST_NUMBER = 2 ** 31 - 1;

/** The number in a key of rows that have numbers. */
export function numberIn(key: string | undefined): number | undefined {
  return key === undefined ? undefined : Math.min(Number(/^[0-9]+/.exec(key)?.[0] ?? 0), LAST_NUMBER);
}

/**
 * Bytes of rows in one page, in protobuf's encoding. Clients of gRPC take messages of 4 MiB unless they are configured otherwise; the
 * rest is for what is added to rows on their way out, and for the token.
 */
export const PAGE_BYTES = 3 * 1024 * 1024;

/** Rows that are read from the store at once: a few large ones fill a page. */
const ROWS_AT_ONCE = 200;

/** Rows that are looked at for one page, as a multiple of its limit; a list that is sparser than that has short pages. */
const ROWS_PER_LIMIT = 20;

interface PageRead<Row> {
  readonly limit: number;
  /** `page_token` as asked for. */
  readonly token: string;
  readonly key: (row: Row) => string;
  /** Whether the caller may see a row; by default all. */
  readonly covers?: (row: Row) => boolean;
  /** Rows after the one with this key. */
  readonly read: (limit: number, after: string | undefined) => Promise<readonly Row[]>;
}

interface Page<Row> {
  readonly rows: Row[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** Reads a page of the rows that the caller may see. It has at most `limit` rows, and fewer of large ones. */
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
      // A row that is too large for any page has one of its own.
      if (isFull && last !== undefined) return { rows, nextPageToken: pageToken(key(last)) };
      rows.push(row);
    }
    if (next === undefined) return { rows, nextPageToken: "" };
    after = next;
    if (rows.length === limit) break;
  }
  return { rows, nextPageToken: pageToken(after ?? "") };
}

/** Some rows of the store that the caller may see, and the key of the last that was looked at; no key after the last row of all. */
async function readRows<Row>({ limit, key, covers, read }: PageRead<Row>, after: string | undefined) {
  const wanted = Math.min(limit, ROWS_AT_ONCE);
  // One too many, to know whether there are more.
  const found = await read(wanted + 1, after);
  const last = found.length > wanted ? found[wanted - 1] : undefined;
  const visible = found.slice(0, wanted).filter((row) => covers?.(row) ?? true);
  return { visible, next: last && key(last) };
}

/** As `readPage`, of rows that are all in memory, ascending by key. */
export function pageOf<Row>(
  all: readonly Row[],
  { key, ...page }: Pick<PageRead<Row>, "limit" | "token" | "key">,
): Promise<Page<Row>> {
  const read = async (limit: number, after = "") => all.filter((row) => key(row) > after).slice(0, limit);
  return readPage({ ...page, key, read });
}
