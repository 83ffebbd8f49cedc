import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";

/** Longest time that counts, in milliseconds: a hundred years. Added to the present, a longer one would leave what a timestamp can say. */
const LONGEST_MS = 100 * 365.25 * 24 * 3600 * 1000;

/** A duration in whole milliseconds; undefined stays undefined. */
export function toMs(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : Math.min(Math.ceil(durationMs(duration)), LONGEST_MS);
}
