import type { ExecutorMail, ExecutorReport, ObjectRequest } from "./protocol.ts";

/** A job that never yields is heard all the same: what is posted so long after the last batch goes out at once. */
const LONGEST_HOLD_MS = 25;

/** The way out of an executor. */
export interface Mailbox {
  toNode(report: ExecutorReport): void;
  /** What `transfer` lists is moved, not copied. */
  toMain(request: ObjectRequest, transfer?: readonly Transferable[]): void;
  /** The last report that is not sent yet: more can be added to it. */
  lastUnsent(): ExecutorReport | undefined;
  flush(): void;
}

/** Sends what is posted within one turn of the event loop as one message. */
export function createMailbox(send: (mail: ExecutorMail, transfer: Transferable[]) => void): Mailbox {
  let forNode: ExecutorReport[] = [];
  let forMain: ObjectRequest[] = [];
  let transfers: Transferable[] = [];
  let sentAt = performance.now();
  let scheduled = false;

  function flush(): void {
    scheduled = false;
    sentAt = performance.now();
    if (forNode.length === 0 && forMain.length === 0) return;
    const mail = { forNode, forMain };
    const transfer = transfers;
    forNode = [];
    forMain = [];
    transfers = [];
    send(mail, transfer);
  }

  function schedule(): void {
    if (performance.now() - sentAt > LONGEST_HOLD_MS) {
      flush();
      return;
    }
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(flush);
  }

  return {
    toNode(report) {
      forNode.push(report);
      schedule();
    },
    toMain(request, transfer = []) {
      forMain.push(request);
      transfers.push(...transfer);
      schedule();
    },
    lastUnsent: () => forNode.at(-1),
    flush,
  };
}
