/** Keeps what the replacements get, once each. */
import { add, apply, defineProperty, has } from "./natives.ts";

export interface Recorded {
  readonly value: object;
  readonly where: string;
}

const MAX_RECORDED = 60_000;

/** Reached without any replacement. */
export const known = new Set<unknown>();
export const recorded: Recorded[] = [];
export const recordedValues = new Set<unknown>();

/** Whether the replacements record nothing. */
export let isOff = true;

export function startRecording(): void {
  isOff = false;
}

export function stopRecording(): void {
  isOff = true;
}

export function record(value: unknown, where: string): void {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
  if (apply(has, known, [value]) || apply(has, recordedValues, [value])) return;
  if (recorded.length >= MAX_RECORDED) return;
  apply(add, recordedValues, [value]);
  append(recorded, { value, where });
}

export function append<T>(list: T[], value: T): void {
  defineProperty(list, list.length, { value, writable: true, enumerable: true, configurable: true });
}
