import type { Timestamp } from "@bufbuild/protobuf/wkt";

/** Whether something has ended, earlier than a time; undefined asks for nothing. */
export function hasEnded(endTime: Timestamp | undefined, before: Date | undefined): boolean {
  if (!before) return true;
  return endTime !== undefined && Number(endTime.seconds) * 1000 + endTime.nanos / 1e6 < before.getTime();
}

/** Whether a value is what is asked for; undefined asks for nothing. */
export function isAsked<Value>(value: Value, asked: Value | undefined): boolean {
  return asked === undefined || value === asked;
}

/** Whether a state is among those that are asked for; none asks for all. */
export function isAmong<State>(state: State, states: readonly State[] = []): boolean {
  return states.length === 0 || states.includes(state);
}
