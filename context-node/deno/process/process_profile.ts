import { isDeepStrictEqual } from "node:util";
import type { Reach, SandboxSpec } from "../../runtime/mod.ts";

/** What is decided when a process starts, and cannot be changed afterwards. */
export interface ProcessProfile {
  /** What it may connect to. Undefined: nothing. */
  readonly reach: Reach | undefined;
  /** The time zone of its dates: the one environment variable that must be there from the start. */
  readonly timeZone: string | undefined;
  readonly memoryBytes: number;
}

export function profileOf({ settings, reach }: SandboxSpec): ProcessProfile {
  return { reach, timeZone: settings.env.TZ, memoryBytes: settings.memoryBytes };
}

export function isSameProfile(a: ProcessProfile, b: ProcessProfile): boolean {
  return isDeepStrictEqual(a, b);
}
