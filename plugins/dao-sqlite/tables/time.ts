import type { Timestamp } from "@bufbuild/protobuf/wkt";

/** Milliseconds since 1970, rounded down, so that "earlier than a Date" is the same question; null for no time. */
export function epochMs(time: Timestamp | undefined): number | null {
  return time ? Number(time.seconds) * 1000 + Math.floor(time.nanos / 1e6) : null;
}
