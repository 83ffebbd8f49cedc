import { isDeepStrictEqual } from "node:util";
import type { ContextSettings } from "../../proto/node.ts";

/** What is decided when a process starts, and cannot be changed afterwards. */
export interface ProcessProfile {
  /** `host` or `host:port` that it may connect to. */
  readonly net: readonly string[];
  /** The time zone of its dates: the one environment variable that must be there from the start. */
  readonly timeZone: string | undefined;
  readonly memoryBytes: number;
}

export function profileOf(settings: ContextSettings): ProcessProfile {
  return { net: settings.permissions?.net ?? [], timeZone: settings.env.TZ, memoryBytes: settings.memoryBytes };
}

export function isSameProfile(a: ProcessProfile, b: ProcessProfile): boolean {
  return isDeepStrictEqual(a, b);
}
