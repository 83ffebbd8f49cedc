const PAGE = 500;

/** All rows of a list, read page by page. */
export async function* readPages<Row>(
  read: (limit: number, last: Row | undefined) => Promise<readonly Row[]>,
): AsyncGenerator<Row> {
  let last: Row | undefined;
  for (;;) {
    const page = await read(PAGE, last);
    yield* page;
    if (page.length < PAGE) return;
    last = page.at(-1);
  }
}

/** The same chunks, after the first has arrived: a failure before it can still become an error response. */
export async function begun(chunks: AsyncGenerator<string>): Promise<AsyncGenerator<string>> {
  const first = await chunks.next();
  return continued(first, chunks);
}

async function* continued(first: IteratorResult<string>, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

/** Rows as one JSON array, printed as they arrive. */
export async function* printArray<Row>(rows: AsyncIterable<Row>, print: (row: Row) => unknown): AsyncGenerator<string> {
  let separator = "[";
  for await (const row of rows) {
    yield separator + JSON.stringify(print(row));
    separator = ",";
  }
  yield separator === "[" ? "[]" : "]";
}
