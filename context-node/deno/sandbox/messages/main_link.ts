import { receiveMessageOnPort } from "node:worker_threads";
import { queueMicrotask, sequenceOf, uncurry, when } from "../confinement/primordials.ts";
import type { ExecutorMail, ExecutorMessage } from "./protocol.ts";

/** What the main isolate hands to an executor: its end of a channel, and a counter of the batches that wait there. */
export interface MainLink {
  readonly port: MessagePort;
  readonly bell: Int32Array;
}

const post = uncurry(MessagePort.prototype.postMessage) as (
  port: MessagePort,
  mail: ExecutorMail,
  transfer?: readonly ArrayBuffer[],
) => void;
/** Node's function takes the ports of the web; its types do not know. */
const receive = receiveMessageOnPort as unknown as (
  port: MessagePort,
) => { message: readonly ExecutorMessage[] } | undefined;
const { load, waitAsync } = Atomics;

/**
 * The channel between an executor and the main isolate. It does not use the events of the port: to dispatch one, Deno calls methods and
 * resolves promises that a job can replace or watch. The executor waits until the bell changes, and then takes what is there.
 */
export function openMainLink({ port, bell }: MainLink): {
  send(mail: ExecutorMail, transfer: readonly ArrayBuffer[]): void;
  /** Calls the listener with each batch, in order. */
  listen(listener: (messages: readonly ExecutorMessage[]) => void): void;
} {
  return {
    send(mail, transfer) {
      if (transfer.length === 0) post(port, mail);
      else post(port, mail, sequenceOf(transfer));
    },
    listen(listener) {
      let rung = 0;
      function take(): void {
        rung = load(bell, 0);
        try {
          for (let got = receive(port); got !== undefined; got = receive(port)) {
            listener(got.message);
          }
        } finally {
          // What a listener throws goes on to its executor's error events; the next batch is taken all the same.
          wait();
        }
      }
      function wait(): void {
        const change = waitAsync(bell, 0, rung);
        if (change.async) when(change.value, take);
        else queueMicrotask(take);
      }
      take();
    },
  };
}
