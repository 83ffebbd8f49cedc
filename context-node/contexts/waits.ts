import { deadline } from "../../lib/async/mod.ts";
import type { NamedObject } from "../../proto/node.ts";
import type { Sandbox } from "../runtime/mod.ts";

/** How long a restart waits to hear which named objects it loses. */
const OBJECTS_TIMEOUT_MS = 1000;

/** The named objects of a sandbox, by name; none when it does not tell in time. */
export async function objectNames(sandbox: Sandbox): Promise<string[]> {
  const objects = await deadline(sandbox.objects(), OBJECTS_TIMEOUT_MS, (): NamedObject[] => []);
  return objects.map(({ name }) => name).sort();
}
