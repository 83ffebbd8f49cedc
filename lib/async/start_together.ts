/** Starts a part. Aborting the signal cancels the start. */
export type Start<Part> = (signal: AbortSignal) => Promise<Part>;

/**
 * Starts parts concurrently. The stack owns the started parts in the order of the list: it disposes the last one first. If a start fails, aborts
 * the others, and rejects with the first error when all have settled.
 */
export async function startTogether<const Parts extends readonly (AsyncDisposable | undefined)[]>(
  stack: AsyncDisposableStack,
  starts: { readonly [Index in keyof Parts]: Start<Parts[Index]> },
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Parts> {
  const failing = new AbortController();
  const until = AbortSignal.any([failing.signal, ...(signal === undefined ? [] : [signal])]);
  const starting = starts.map(async (start) => {
    try {
      return await start(until);
    } catch (error) {
      failing.abort(error);
      throw error;
    }
  });
  for (const outcome of await Promise.allSettled(starting)) {
    if (outcome.status === "fulfilled") stack.use(outcome.value);
  }
  failing.signal.throwIfAborted();
  return (await Promise.all(starting)) as readonly (AsyncDisposable | undefined)[] as Parts;
}
