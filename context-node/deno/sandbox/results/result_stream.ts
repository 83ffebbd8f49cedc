import {
  bufferOf,
  byteLengthOf,
  byteOffsetOf,
  min,
  NativeError,
  NativePromise,
  NativeUint8Array,
  now,
  own,
  setBytes,
  toBase64,
} from "../confinement/primordials.ts";
import { MAX_PENDING_PARTS, PART_BYTES } from "../messages/bounds.ts";
import type { Mailbox } from "../messages/mailbox.ts";
import type { ResultResponse } from "../messages/protocol.ts";
import type { JobAbort } from "../runs/job_abort.ts";
import { createLazyTimer } from "../timers/lazy_timer.ts";
import { startOwnTimer } from "../timers/own_timer.ts";

/** What is less than a part is sent after so long. */
const INTERVAL_MS = 10;

/** The node takes no more of a result. */
export class ResultRefused extends NativeError {
  override readonly name = "ResultRefused";
}

/** The way out for a result while it is made. */
export interface ResultStream {
  /** Resolves when there is room for more. Rejects when the run was aborted, or with ResultRefused. The bytes are copied. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when the node has all of it. Rejects as `write` does. */
  end(): Promise<void>;
  receive(response: ResultResponse): void;
  /** Drops what was not sent. */
  close(): void;
}

interface StreamedRun {
  readonly run: number;
  readonly mailbox: Mailbox;
  readonly abort: JobAbort;
}

export function createResultStream({ run, mailbox, abort }: StreamedRun): ResultStream {
  const part = new NativeUint8Array(PART_BYTES);
  let length = 0;
  let pending = 0;
  let sentAt = now();
  let refused: ResultRefused | undefined;
  let wake = (): void => {};
  abort.onAbort(() => wake());

  const sendSoon = createLazyTimer(
    INTERVAL_MS,
    () => {
      if (length > 0 && pending < MAX_PENDING_PARTS) send();
    },
    startOwnTimer,
  );

  function send(): void {
    mailbox.sendNow({ type: "resultPart", run, base64: toBase64(view(part, 0, length)) });
    length = 0;
    pending += 1;
    sentAt = now();
  }

  function check(): void {
    abort.throwIfAborted();
    if (refused !== undefined) throw refused;
  }

  async function untilPending(most: number): Promise<void> {
    check();
    while (pending > most) {
      await own(
        new NativePromise<void>((resolve) => {
          wake = resolve;
        }),
      );
      check();
    }
  }

  async function flush(): Promise<void> {
    await own(untilPending(MAX_PENDING_PARTS - 1));
    if (length > 0) send();
  }

  return {
    async write(bytes) {
      check();
      const total = byteLengthOf(bytes);
      for (let start = 0; start < total; ) {
        const size = min(total - start, PART_BYTES - length);
        setBytes(part, view(bytes, start, size), length);
        length += size;
        start += size;
        if (length === PART_BYTES) await own(flush());
      }
      // A job that never yields to a timer is sent in time all the same.
      if (length > 0 && now() - sentAt >= INTERVAL_MS) await own(flush());
      else sendSoon();
    },
    async end() {
      await own(flush());
      await own(untilPending(0));
    },
    receive(response) {
      pending -= 1;
      if (response.type === "resultRefused") refused = new ResultRefused(response.message);
      if (length > 0) sendSoon();
      wake();
    },
    close() {
      length = 0;
    },
  };
}

function view(bytes: Uint8Array, start: number, length: number): Uint8Array {
  return new NativeUint8Array(bufferOf(bytes), byteOffsetOf(bytes) + start, length);
}
