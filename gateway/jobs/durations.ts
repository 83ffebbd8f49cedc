import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";

/** Longest time that fits the wire and a timer: 2^31 - 1 ms, nearly 25 days. */
const LONGEST_MS = 2 ** 31 - 1;

/** A duration in whole milliseconds; undefined stays undefined. */
export function toMs(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : Math.min(Math.ceil(durationMs(duration)), LONGEST_MS);
}
