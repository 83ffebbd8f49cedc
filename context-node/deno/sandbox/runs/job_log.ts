import type { JobLog } from "../../../hearth.ts";
import { wallClock } from "../confinement/primordials.ts";
import type { Mailbox } from "../messages/mailbox.ts";
import type { LoggedLine, LogLevel } from "../messages/protocol.ts";
import { cutText } from "./value_text.ts";

/** What one job may log in a second; more is dropped, and the log says how much. */
const LINES_A_SECOND = 2000;
const CHARACTERS_A_SECOND = 1_048_576;

/** The log of one run, until it ends. */
export interface RunLog {
  /** What the job gets. */
  readonly api: JobLog;
  write(level: LogLevel, text: string): void;
  readonly ended: boolean;
  /** Says what was dropped last; later lines go nowhere. */
  end(): void;
}

export type Format = (values: readonly unknown[]) => string;

interface RunLogDeps {
  readonly mailbox: Mailbox;
  readonly format: Format;
  /** Rewrites or drops the frames of stacks in a text. */
  nameFramesIn(text: string): string;
}

export function createRunLog(run: number, { mailbox, format, nameFramesIn }: RunLogDeps): RunLog {
  let windowEnd = 0;
  let lines = 0;
  let characters = 0;
  let dropped = 0;
  let ended = false;

  function write(level: LogLevel, text: string): void {
    if (ended) return;
    const time = wallClock();
    if (time >= windowEnd) openWindow(time);
    lines += 1;
    characters += text.length;
    if (lines > LINES_A_SECOND || characters > CHARACTERS_A_SECOND) {
      dropped += 1;
      return;
    }
    post({ level, time, text: cutText(nameFramesIn(text)) });
  }

  function openWindow(time: number): void {
    windowEnd = time + 1000;
    lines = 0;
    characters = 0;
    if (dropped === 0) return;
    post({
      level: "warn",
      time,
      text: `${dropped} lines were dropped: a job may log ${LINES_A_SECOND} lines a second`,
    });
    dropped = 0;
  }

  function post(line: LoggedLine): void {
    mailbox.sendNow({ type: "logged", run, lines: [line] });
  }

  return {
    api: {
      debug: (...values) => write("debug", format(values)),
      info: (...values) => write("info", format(values)),
      warn: (...values) => write("warn", format(values)),
      error: (...values) => write("error", format(values)),
    },
    write,
    get ended() {
      return ended;
    },
    end() {
      openWindow(wallClock());
      ended = true;
    },
  };
}
