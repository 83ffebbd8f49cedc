import type { JobContext } from "../../../hearth.ts";
import { isArray, isView, NativeDate, NativeSet, NativeTypeError, now, slice } from "../confinement/primordials.ts";
import { MAX_PROGRESS_FIELDS_LENGTH, MAX_PROGRESS_MESSAGE_LENGTH } from "../messages/bounds.ts";
import type { Mailbox } from "../messages/mailbox.ts";
import type { ExecutorReport } from "../messages/protocol.ts";
import { resultJson } from "../results/result_json.ts";
import { startOwnTimer } from "../timers/own_timer.ts";
import { describeKind, plainText } from "./value_text.ts";

/** Ten a second: for people and progress bars. */
const INTERVAL_MS = 100;

/** The progress of one run, until it ends. */
export interface RunProgress {
  report: JobContext["progress"];
  /** Sends what was held back; later calls do nothing. */
  end(): void;
}

/** Sends the newest of each interval: the first at once, also from code that never yields. */
export function createRunProgress(run: number, mailbox: Mailbox): RunProgress {
  let held: ExecutorReport | undefined;
  let cancelTimer: (() => void) | undefined;
  let nextAt = 0;
  let ended = false;

  function send(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    if (held === undefined) return;
    mailbox.sendNow(held);
    held = undefined;
    nextAt = now() + INTERVAL_MS;
  }

  return {
    report(fraction, message, fields) {
      if (ended) return;
      if (typeof fraction !== "number")
        throw progressError(`its fraction is ${describeKind(fraction)}, not a number between 0 and 1`);
      if (!(fraction >= 0 && fraction <= 1))
        throw new NativeTypeError(`Cannot report progress ${fraction}: it is not a number between 0 and 1`);
      held = { type: "progress", run, fraction, ...describe(textOfMessage(message), fields) };
      const wait = nextAt - now();
      if (wait <= 0) return send();
      cancelTimer ??= startOwnTimer(send, wait);
    },
    end() {
      send();
      ended = true;
    },
  };
}

function textOfMessage(message: unknown): string {
  const text = message === undefined || message === null ? "" : plainText(message);
  if (text === undefined) throw progressError(`its message is ${describeKind(message)}, not a string`);
  return text;
}

/** The message and the JSON of the fields. Throws a TypeError for fields that are no record. */
function describe(message: string, fields: unknown): { message: string; fields: string | undefined } {
  const short = slice(message, 0, MAX_PROGRESS_MESSAGE_LENGTH);
  if (fields === undefined || fields === null) return { message: short, fields: undefined };
  const json = isRecord(fields)
    ? resultJson(fields, { path: "fields", what: "fields of a progress report" })
    : undefined;
  if (json === undefined || json[0] !== "{") {
    throw progressError(`its fields are not an object with a value for each name, but ${describeKind(fields)}`);
  }
  if (json.length <= MAX_PROGRESS_FIELDS_LENGTH) return { message: short, fields: json };
  const notice = ` (its fields were left out: over ${MAX_PROGRESS_FIELDS_LENGTH} characters)`;
  return { message: short + notice, fields: undefined };
}

/** Whether it is an object that is no list, no bytes and no time. A Map may have keys that make it no record; its JSON shows that. */
function isRecord(fields: unknown): boolean {
  if (typeof fields !== "object" || fields === null) return false;
  return !(isArray(fields) || isView(fields) || fields instanceof NativeSet || fields instanceof NativeDate);
}

function progressError(why: string): TypeError {
  return new NativeTypeError(`Cannot report progress: ${why}`);
}
