import type { JobContext } from "../../hearth.ts";
import type { Mailbox } from "./mailbox.ts";
import { clearTimeout, NativeTypeError, now, setTimeout, textOf } from "./primordials.ts";
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
  let timer: ReturnType<typeof setTimeout> | undefined;
  let nextAt = 0;
  let ended = false;

  function send(): void {
    clearTimeout(timer);
    timer = undefined;
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
      const json = fields === undefined ? undefined : resultJson(fields);
      held = { type: "progress", run, fraction, message: textOf(message), fields: json };
      const wait = nextAt - now();
      if (wait <= 0) return send();
      timer ??= setTimeout(send, wait);
    },
    end() {
      send();
      ended = true;
    },
  };
}
