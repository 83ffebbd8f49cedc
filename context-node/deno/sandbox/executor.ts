/**
 * An executor: the worker in which jobs run. A job reaches nothing of what is here but the functions of its JobContext: the channel to the
 * main isolate lives in closures alone, and this module exports nothing. All code that it imports keeps to the rules in primordials.ts.
 */
import { workerData } from "node:worker_threads";
import { confine } from "./confinement/confine.ts";
import { makeListenersFinal } from "./confinement/own_listeners.ts";
import { getter, NativeError, uncurry } from "./confinement/primordials.ts";
import { type Marks, mark } from "./main_isolate/run_marks.ts";
import { createMailbox } from "./messages/mailbox.ts";
import { type MainLink, openMainLink } from "./messages/main_link.ts";
import type { ExecutorMessage } from "./messages/protocol.ts";
import { createNamedObjects } from "./objects/named_objects.ts";
import { createBundles } from "./programs/bundles.ts";
import { createDataFiles } from "./runs/data_files.ts";
import { createRunner, type Runner } from "./runs/runner.ts";
import { describeThrown } from "./runs/thrown.ts";
import { createHeapWatch } from "./timers/heap_watch.ts";

declare global {
  interface Navigator {
    readonly locks: { request(name: string, held: () => Promise<void>): Promise<void> };
  }
}

const { marks, ...ends }: MainLink & { marks: Marks } = workerData;
const main = openMainLink(ends);
const mailbox = createMailbox(main.send);

const bundles = createBundles();
const files = createDataFiles(mailbox.toNode);
const objects = createNamedObjects(mailbox.toMain);
const runner: Runner = createRunner({
  mailbox,
  bundles,
  files: files.api,
  objects: objects.api,
  watchHeap: createHeapWatch({
    isBusy: () => runner.isBusy(),
    // Microtasks that were waiting are lost, a pending flush of the mailbox among them.
    exceeded: () => mailbox.sendNow({ type: "outOfHeap" }),
  }),
  mark: (run, stage) => mark(marks, run, stage),
});

const { locks } = navigator;
const confined = confine();
NativeError.stackTraceLimit = 50;

const preventDefault: (event: Event) => void = uncurry(Event.prototype.preventDefault);
const errorOf = uncurry(getter(ErrorEvent.prototype, "error"));
const reasonOf = uncurry(getter(PromiseRejectionEvent.prototype, "reason"));

addEventListener("error", (event) => {
  preventDefault(event);
  crash(errorOf(event));
});
addEventListener("unhandledrejection", (event) => {
  preventDefault(event);
  crash(reasonOf(event));
});
makeListenersFinal();

function crash(thrown: unknown): void {
  if (!runner.isLeftover()) mailbox.sendNow({ type: "crashed", error: describeThrown(thrown, bundles.nameFrames) });
}

function handle(message: ExecutorMessage): void {
  switch (message.type) {
    case "run":
      runner.run(message);
      return;
    case "abort":
      runner.abort(message.run, message.reason);
      return;
    case "resultTaken":
    case "resultRefused":
      runner.receive(message);
      return;
    case "bundle":
      bundles.add(message.digest, message.code);
      return;
    case "open":
      runner.open(message);
      confined.open({ env: message.env, hasNetwork: message.permissions.net.length > 0 });
      return;
    case "dataNames":
    case "dataOpened":
    case "dataChunk":
    case "dataEnd":
    case "dataFailed":
      files.receive(message);
      return;
    case "objectValue":
    case "objectAbsent":
    case "objectTurn":
    case "objectTimeout":
    case "objectStored":
    case "objectRefused":
    case "objectsFull":
    case "objectForgotten":
    case "objectNames":
    case "objectChanged":
      objects.receive(message);
      return;
    default:
      message satisfies never;
  }
}

// Held for good: of a worker that holds a lock, `terminate()` stops running code too (see executor_thread.ts).
locks.request(crypto.randomUUID(), () => {
  main.send({ urgent: false, forNode: [], forMain: [] }, []);
  main.listen((messages) => {
    for (let index = 0; index < messages.length; index++) handle(messages[index] as ExecutorMessage);
  });
  return new Promise(() => {});
});
