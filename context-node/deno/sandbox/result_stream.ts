import { now, toBase64 } from "./intrinsics.ts";
import { createLazyTimer } from "./lazy_timer.ts";
import type { Mailbox } from "./mailbox.ts";
import type { ResultAnswer } from "./protocol.ts";

/** Bytes that one message carries. */
const PART_BYTES = 64 * 1024;

/** Parts on their way: what an executor makes faster than the node keeps it waits in the job. */
const MOST_UNTAKEN = 8;

/** What is less than a part is sent after so long. */
const INTERVAL_MS = 10;

/** The node takes no more of a result. */
export class ResultRefused extends Error {
  override readonly name = "ResultRefused";
}

/** The way out for a result while it is made. */
export interface ResultStream {
  /** Resolves when there is room for more. Rejects when the run was aborted, or with ResultRefused. The bytes are copied. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when the node has all of it. Rejects as `write` does. */
  end(): Promise<void>;
  receive(answer: ResultAnswer): void;
  /** Drops what was not sent. */
  close(): void;
}

interface StreamedRun {
  readonly run: number;
  readonly mailbox: Mailbox;
  readonly signal: AbortSignal;
}

export function createResultStream({ run, mailbox, signal }: StreamedRun): ResultStream {
  const part = new Uint8Array(PART_BYTES);
  let length = 0;
  let untaken = 0;
  let sentAt = now();
  let refusal: ResultRefused | undefined;
  let wake = (): void => {};
  signal.addEventListener("abort", () => wake());

  const sendSoon = createLazyTimer(INTERVAL_MS, () => {
    if (length > 0 && untaken < MOST_UNTAKEN) send();
  });

  function send(): void {
    mailbox.tell({ type: "resultPart", run, base64: toBase64(part.subarray(0, length)) });
    length = 0;
    untaken += 1;
    sentAt = now();
  }

  function check(): void {
    signal.throwIfAborted();
    if (refusal !== undefined) throw refusal;
  }

  async function untilUntaken(most: number): Promise<void> {
    check();
    while (untaken > most) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      check();
    }
  }

  async function flush(): Promise<void> {
    await untilUntaken(MOST_UNTAKEN - 1);
    if (length > 0) send();
  }

  return {
    async write(bytes) {
      check();
      for (let start = 0; start < bytes.length; ) {
        const piece = bytes.subarray(start, start + PART_BYTES - length);
        part.set(piece, length);
        length += piece.length;
        start += piece.length;
        if (length === PART_BYTES) await flush();
      }
      // A job that never yields to a timer is sent in time all the same.
      if (length > 0 && now() - sentAt >= INTERVAL_MS) await flush();
      else sendSoon();
    },
    async end() {
      await flush();
      await untilUntaken(0);
    },
    receive(answer) {
      untaken -= 1;
      if (answer.type === "resultRefused") refusal = new ResultRefused(answer.message);
      if (length > 0) sendSoon();
      wake();
    },
    close() {
      length = 0;
    },
  };
}
