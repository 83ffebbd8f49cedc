import { JobError_Reason } from "../../proto/node.ts";
import { lostReason } from "../jobs/mod.ts";
import type { SandboxEnd } from "../runtime/mod.ts";
import type { Deaths } from "./deaths.ts";

/** Why a context gets a new sandbox, what it loses, and when. */
export interface Restart {
  readonly message: string;
  readonly reason: JobError_Reason;
  /** Names of all named objects that are gone. */
  readonly lostObjects: string[];
  readonly delayMs: number;
}

/** It was asked to restart, and had nothing to lose. */
export const ASKED: Restart = {
  message: "It was asked to restart",
  reason: JobError_Reason.REASON_UNSPECIFIED,
  lostObjects: [],
  delayMs: 0,
};

/** A restart because the sandbox ended by itself. */
export function restartAfter(
  end: SandboxEnd,
  { lostObjects, delayMs }: Pick<Restart, "lostObjects" | "delayMs">,
): Restart {
  return { ...describeEnd(end), lostObjects, delayMs };
}

/** Life of a sandbox that did something for its jobs, in milliseconds: replaced sooner, it may be so for ever. */
const USEFUL_AFTER_MS = 10_000;

/** How long to wait for the next sandbox, in milliseconds; undefined: there is none. */
export function delayAfter(
  end: SandboxEnd,
  { deaths, livedMs, isOnly }: { deaths: Deaths; livedMs: number; isOnly: boolean },
): number | undefined {
  if (end.type === "replaced") return livedMs >= USEFUL_AFTER_MS ? 0 : deaths.next({ livedMs });
  return isOnly ? undefined : deaths.next({ livedMs });
}

/** How messages and events describe the end of a sandbox. */
export function describeEnd(end: SandboxEnd): Pick<Restart, "message" | "reason"> {
  const message = end.type === "disposed" ? "The sandbox was stopped" : end.message;
  return { message, reason: end.type === "replaced" ? JobError_Reason.REASON_UNSPECIFIED : lostReason(end) };
}

/** Bytes of the names of lost objects in one event. */
const LOST_NAMES_BYTES = 64 * 1024;

/** The names of lost objects that an event lists: of many the first. */
export function listedNames(lostObjects: readonly string[]): string[] {
  let sizeBytes = 0;
  const end = lostObjects.findIndex((name) => {
    sizeBytes += Buffer.byteLength(name);
    return sizeBytes > LOST_NAMES_BYTES;
  });
  return end === -1 ? [...lostObjects] : lostObjects.slice(0, end);
}
