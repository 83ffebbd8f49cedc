import { JobError_Reason } from "../../proto/node.ts";
import { lostReason } from "../jobs/mod.ts";
import type { SandboxEnd } from "../runtime/mod.ts";

/** Why a context gets a new sandbox, what it loses, and when. */
export interface Restart {
  readonly message: string;
  readonly reason: JobError_Reason;
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

/** How the end of a sandbox is told. */
export function describeEnd(end: SandboxEnd): Pick<Restart, "message" | "reason"> {
  const message = end.type === "disposed" ? "The sandbox was stopped" : end.message;
  return { message, reason: lostReason(end) };
}
