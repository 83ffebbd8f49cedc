import { isDeepStrictEqual } from "node:util";
import type { Reach, SandboxSpec } from "../../runtime/mod.ts";

/** Settings of a process that are fixed when it starts. */
export interface ProcessProfile {
  /** Addresses that it may connect to; undefined for none. */
  readonly reach: Reach | undefined;
  /** Time zone of its dates (`TZ`): the only environment variable that must be set from the start. */
  readonly timeZone: string | undefined;
  readonly memoryBytes: number;
}

export function profileOf({ settings, reach }: SandboxSpec): ProcessProfile {
  return { reach, timeZone: settings.env.TZ, memoryBytes: settings.memoryBytes };
}

export function isSameProfile(a: ProcessProfile, b: ProcessProfile): boolean {
  return isDeepStrictEqual(a, b);
}
