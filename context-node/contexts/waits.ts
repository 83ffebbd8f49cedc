import { startTimer } from "../../cluster/mod.ts";
import type { NamedObject } from "../../proto/node.ts";
import type { Sandbox } from "../runtime/mod.ts";

/** Time limit for listing the named objects that a restart loses, in milliseconds. */
const OBJECTS_TIMEOUT_MS = 1000;

/** Resolves with undefined when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

/** Resolves after a delay, or when the signal is aborted. */
export async function pause(delayMs: number, { signal }: { signal: AbortSignal }): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  using _ = startTimer(delayMs, () => resolve(undefined));
  await Promise.race([promise, aborted(signal)]);
}

/** The names of the named objects of a sandbox. Empty when it does not respond in time. */
export async function objectNames(sandbox: Sandbox): Promise<string[]> {
  const { promise, resolve } = Promise.withResolvers<NamedObject[]>();
  using _ = startTimer(OBJECTS_TIMEOUT_MS, () => resolve([]));
  const objects = await Promise.race([sandbox.objects(), promise]);
  return objects.map(({ name }) => name).sort();
}
