const PAGE = 500;

/** All rows of a list that is read page by page, each page after the last row of the one before. */
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

/** The same chunks, once the first of them is there: what fails before it can still be told as an error. */
export async function begun(chunks: AsyncGenerator<string>): Promise<AsyncGenerator<string>> {
  const first = await chunks.next();
  return continued(first, chunks);
}

async function* continued(first: IteratorResult<string>, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

/** Rows as one JSON array, printed as they come. */
export async function* printArray<Row>(rows: AsyncIterable<Row>, print: (row: Row) => unknown): AsyncGenerator<string> {
  let separator = "[";
  for await (const row of rows) {
    yield separator + JSON.stringify(print(row));
    separator = ",";
  }
  yield separator === "[" ? "[]" : "]";
}
