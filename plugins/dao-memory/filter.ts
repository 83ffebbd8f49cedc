import type { Timestamp } from "@bufbuild/protobuf/wkt";

/** Whether something ended before a time. True for undefined. */
export function hasEnded(endTime: Timestamp | undefined, before: Date | undefined): boolean {
  if (!before) return true;
  return endTime !== undefined && Number(endTime.seconds) * 1000 + endTime.nanos / 1e6 < before.getTime();
}

/** Whether a value equals the filter. True for an undefined filter. */
export function isAsked<Value>(value: Value, asked: Value | undefined): boolean {
  return asked === undefined || value === asked;
}

/** Whether a state is among those of the filter. True for an empty filter. */
export function isAmong<State>(state: State, states: readonly State[] = []): boolean {
  return states.length === 0 || states.includes(state);
}
