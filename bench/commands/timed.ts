import type { Json } from "../api.ts";

/** Latency of a call, and its response. */
export async function timed<T>(call: () => Promise<T>): Promise<{ readonly ms: number; readonly answer: T }> {
  const from = performance.now();
  const answer = await call();
  return { ms: performance.now() - from, answer };
}

/** Throws unless the resource is in this state: failures must not count as measurements. */
export function expectState(thing: Json | undefined, state: string): void {
  if (thing?.state !== state) throw new Error(`Expected ${state}, got ${JSON.stringify(thing)}`);
}
