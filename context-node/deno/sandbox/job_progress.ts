import type { JobContext } from "../../hearth.ts";
import { LONGEST_PROGRESS_FIELDS, LONGEST_PROGRESS_MESSAGE } from "./bounds.ts";
import type { Mailbox } from "./mailbox.ts";
import { startOwnTimer } from "./own_timer.ts";
import { isArray, NativeTypeError, now, slice, textOf } from "./primordials.ts";
import type { ExecutorReport } from "./protocol.ts";
import { resultJson } from "./result_json.ts";

/** Ten a second: for people and progress bars. */
const INTERVAL_MS = 100;

/** The progress of one run, until it ends. */
export interface RunProgress {
  tell: JobContext["progress"];
  /** Sends what was held back; later calls do nothing. */
  end(): void;
}

/** Sends the newest of each interval: the first at once, also from code that never yields. */
export function createRunProgress(run: number, mailbox: Mailbox): RunProgress {
  let held: ExecutorReport | undefined;
  let callOff: (() => void) | undefined;
  let nextAt = 0;
  let ended = false;

  function send(): void {
    callOff?.();
    callOff = undefined;
    if (held === undefined) return;
    mailbox.tell(held);
    held = undefined;
    nextAt = now() + INTERVAL_MS;
  }

  return {
    tell(fraction, message = "", fields) {
      if (ended) return;
      if (typeof fraction !== "number" || !(fraction >= 0 && fraction <= 1))
        throw new NativeTypeError(`Cannot report progress ${textOf(fraction)}: it is not a number between 0 and 1`);
      held = { type: "progress", run, fraction, ...describe(textOf(message), fields) };
      const wait = nextAt - now();
      if (wait <= 0) return send();
      callOff ??= startOwnTimer(send, wait);
    },
    end() {
      send();
      ended = true;
    },
  };
}

/** The message and the JSON of the fields. Throws a TypeError for fields that are no record. */
function describe(message: string, fields: unknown): { message: string; fields: string | undefined } {
  const short = slice(message, 0, LONGEST_PROGRESS_MESSAGE);
  if (fields === undefined || fields === null) return { message: short, fields: undefined };
  const json = isArray(fields) ? undefined : resultJson(fields, "fields");
  if (json === undefined || json[0] !== "{") {
    throw new NativeTypeError("Cannot report progress: its fields are not an object with a value for each name");
  }
  if (json.length <= LONGEST_PROGRESS_FIELDS) return { message: short, fields: json };
  const notice = ` (its fields were left out: over ${LONGEST_PROGRESS_FIELDS} characters)`;
  return { message: short + notice, fields: undefined };
}
