import { push, queueMicrotask } from "../confinement/primordials.ts";
import type { ExecutorMail, ExecutorReport, ObjectRequest } from "./protocol.ts";

/** The way out of an executor. */
export interface Mailbox {
  /** Sends at once, because the code of the job may not yield for long, or ever. If nothing urgent waits, the receiver may take its time. */
  sendNow(report: ExecutorReport): void;
  /** Sends when the current code yields; the receiver is in a hurry. */
  toNode(report: ExecutorReport): void;
  /** Sends when the current code yields. The buffer is moved, not copied. */
  toMain(request: ObjectRequest, transfer?: ArrayBuffer): void;
}

/** Sends what is posted within one turn of the event loop as one message. */
export function createMailbox(send: (mail: ExecutorMail, transfer: readonly ArrayBuffer[]) => void): Mailbox {
  let forNode: ExecutorReport[] = [];
  let forMain: ObjectRequest[] = [];
  let transfers: ArrayBuffer[] = [];
  let urgent = false;

  function flush(): void {
    if (forNode.length === 0 && forMain.length === 0) return;
    const mail = { urgent, forNode, forMain };
    const transfer = transfers;
    forNode = [];
    forMain = [];
    transfers = [];
    urgent = false;
    send(mail, transfer);
  }

  function flushSoon(): void {
    if (urgent) return;
    urgent = true;
    queueMicrotask(flush);
  }

  return {
    sendNow(report) {
      push(forNode, report);
      flush();
    },
    toNode(report) {
      push(forNode, report);
      flushSoon();
    },
    toMain(request, transfer) {
      push(forMain, request);
      if (transfer !== undefined) push(transfers, transfer);
      flushSoon();
    },
  };
}
