import type { Json } from "../api.ts";

/** How long a call took, and its answer. */
export async function timed<T>(call: () => Promise<T>): Promise<{ readonly ms: number; readonly answer: T }> {
  const from = performance.now();
  const answer = await call();
  return { ms: performance.now() - from, answer };
}

/** Throws unless the thing is in this state: what went wrong is not to be timed. */
export function expectState(thing: Json | undefined, state: string): void {
  if (thing?.state !== state) throw new Error(`Expected ${state}, got ${JSON.stringify(thing)}`);
}
