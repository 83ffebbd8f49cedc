import { JobError_Reason } from "../../proto/node.ts";
import { lostReason } from "../jobs/mod.ts";
import type { SandboxEnd } from "../runtime/mod.ts";
import type { CrashBackoff } from "./crash_backoff.ts";

/** The reason for a new sandbox, what is lost, and when it starts. */
export interface Restart {
  readonly message: string;
  readonly reason: JobError_Reason;
  /** Names of all lost named objects. */
  readonly lostObjects: string[];
  readonly delayMs: number;
}

/** A requested restart that loses nothing. */
export const ASKED: Restart = {
  message: "It was asked to restart",
  reason: JobError_Reason.REASON_UNSPECIFIED,
  lostObjects: [],
  delayMs: 0,
};

/** A restart because the sandbox ended. */
export function restartAfter(
  end: SandboxEnd,
  { lostObjects, delayMs }: Pick<Restart, "lostObjects" | "delayMs">,
): Restart {
  return { ...describeEnd(end), lostObjects, delayMs };
}

/** Uptime of a useful sandbox, in milliseconds. Sandboxes that end sooner could be replaced for ever. */
const USEFUL_AFTER_MS = 10_000;

/** Delay before the next sandbox, in milliseconds. Undefined: there is none. */
export function delayAfter(
  end: SandboxEnd,
  { deaths, livedMs, isOnly }: { deaths: CrashBackoff; livedMs: number; isOnly: boolean },
): number | undefined {
  if (end.type === "replaced") return livedMs >= USEFUL_AFTER_MS ? 0 : deaths.next({ livedMs });
  return isOnly ? undefined : deaths.next({ livedMs });
}

/** Describes the end of a sandbox in messages and events. */
export function describeEnd(end: SandboxEnd): Pick<Restart, "message" | "reason"> {
  const message = end.type === "disposed" ? "The sandbox was stopped" : end.message;
  return { message, reason: end.type === "replaced" ? JobError_Reason.REASON_UNSPECIFIED : lostReason(end) };
}

/** Largest size of the names of lost objects in one event, in bytes. */
const LOST_NAMES_BYTES = 64 * 1024;

/** The names of lost objects in an event: the first ones if there are many. */
export function listedNames(lostObjects: readonly string[]): string[] {
  let sizeBytes = 0;
  const end = lostObjects.findIndex((name) => {
    sizeBytes += Buffer.byteLength(name);
    return sizeBytes > LOST_NAMES_BYTES;
  });
  return end === -1 ? [...lostObjects] : lostObjects.slice(0, end);
}
