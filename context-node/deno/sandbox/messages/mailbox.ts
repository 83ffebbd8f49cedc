import { push, queueMicrotask } from "../confinement/primordials.ts";
import type { ExecutorMail, ExecutorReport, ObjectRequest } from "./protocol.ts";

/** Sends messages of an executor to the main isolate. */
export interface Mailbox {
  /** Sends at once, because the job may not yield for long, or ever. Unless something urgent is pending, the receiver may delay it. */
  sendNow(report: ExecutorReport): void;
  /** Sends to the node when the current code yields, as urgent. */
  toNode(report: ExecutorReport): void;
  /** Sends to the main isolate when the current code yields, as urgent. The buffer is transferred, not copied. */
  toMain(request: ObjectRequest, transfer?: ArrayBuffer): void;
}

/** Sends the messages of one turn of the event loop as one mail, except those of `sendNow`. */
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
