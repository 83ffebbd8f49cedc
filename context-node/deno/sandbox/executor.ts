/**
 * An executor: the worker in which jobs run. Nothing here may be reachable from the code of a job but what `job_context.ts`
 * hands out: the channel to the main isolate lives in this module's closure alone, and this module exports nothing.
 */
import { workerData } from "node:worker_threads";
import { createBundles } from "./bundles.ts";
import { confine } from "./confine.ts";
import { createDataFiles } from "./data_files.ts";
import { createHeapWatch } from "./heap_watch.ts";
import { createMailbox } from "./mailbox.ts";
import { createNamedObjects } from "./named_objects.ts";
import type { ExecutorMessage } from "./protocol.ts";
import { createRunner, type Runner } from "./runner.ts";
import { type Marks, mark } from "./stages.ts";
import { describeThrown } from "./thrown.ts";

declare global {
  interface Navigator {
    readonly locks: { request(name: string, held: () => Promise<void>): Promise<void> };
  }
}

const { port, marks }: { port: MessagePort; marks: Marks } = workerData;
const postToMain = port.postMessage.bind(port);
const mailbox = createMailbox(postToMain);

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
    exceeded: () => mailbox.tell({ type: "outOfHeap" }),
  }),
  mark: (run, stage) => mark(marks, run, stage),
});

const { locks } = navigator;
const setEnvironment = confine();
Error.stackTraceLimit = 50;

addEventListener("error", (event) => {
  event.preventDefault();
  crash(event.error);
});
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  crash(event.reason);
});

function crash(thrown: unknown): void {
  if (!runner.isLeftover()) mailbox.tell({ type: "crashed", error: describeThrown(thrown, bundles.nameFrames) });
}

function obey(message: ExecutorMessage): void {
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
      setEnvironment(message.env);
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
  port.onmessage = ({ data }: MessageEvent<readonly ExecutorMessage[]>) => {
    // Not `forEach`, which would be a frame in stacks of the code that is called back.
    for (const message of data) obey(message);
  };
  postToMain({ urgent: false, forNode: [], forMain: [] });
  return new Promise(() => {});
});
