/** Starts a part. Aborting the signal gives the start up. */
export type Start<Part> = (signal: AbortSignal) => Promise<Part>;

/**
 * Starts parts at the same time. The stack owns those that start, in the order of the list: the last one is disposed first. When one does
 * not start, the others are given up, and this rejects, when all of them have settled, with the first error.
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
