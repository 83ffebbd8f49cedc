import { deadline } from "../../lib/async/mod.ts";
import type { NamedObject } from "../../proto/node.ts";
import type { Sandbox } from "../runtime/mod.ts";

/** Time limit for listing the named objects that a restart loses, in milliseconds. */
const OBJECTS_TIMEOUT_MS = 1000;

/** The names of the named objects of a sandbox. Empty when it does not respond in time. */
export async function objectNames(sandbox: Sandbox): Promise<string[]> {
  const objects = await deadline(sandbox.objects(), OBJECTS_TIMEOUT_MS, (): NamedObject[] => []);
  return objects.map(({ name }) => name).sort();
}
