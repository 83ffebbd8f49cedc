import { Worker } from "node:worker_threads";
import { createOutbox } from "../messages/outbox.ts";
import type { ExecutorEnd, ExecutorMail, ExecutorMessage, ThrownError } from "../messages/protocol.ts";
import { cutText } from "../runs/value_text.ts";
import { createMarks, type Marks } from "./run_marks.ts";

/** An executor, seen from the main isolate. */
export interface ExecutorWorker {
  /** Resolves when it takes messages; those told before wait. Never settles when it ends before. */
  readonly up: Promise<void>;
  readonly isUp: boolean;
  /** Where it marks how far its runs are. */
  readonly marks: Marks;
  send(message: ExecutorMessage): void;
  /** Ends it, also out of a tight loop. `ended` is called when it is gone. */
  terminate(): void;
}

export interface ExecutorObserver {
  mail(mail: ExecutorMail): void;
  /** Called once, after the last mail, when no code of the executor runs any more. */
  ended(end: ExecutorEnd): void;
}

interface ExecutorProgram {
  readonly executorCode: string;
  readonly heapMebibytes: number;
}

/**
 * Starts an executor with the permissions of this process.
 *
 * It is a worker of `node:worker_threads`, not a web worker: of a web worker `terminate()` stops the event loop only, so a tight
 * loop runs on for ever (Deno 2.9). Of a node worker that holds a web lock it also stops running code; the executor takes such
 * a lock when it starts. Node workers have a heap limit of their own besides, so running out of memory ends one executor and not the process.
 */
export function startExecutor(program: ExecutorProgram, observer: ExecutorObserver): ExecutorWorker {
  const { port1: port, port2 } = new MessageChannel();
  // Node workers start from a `data:` or `file:` URL only; the blob keeps the code out of their stack frames. A job finds the URL in
  // its stacks, and all executors share the registry: so each has its own, which is gone before a job can use or revoke it.
  const programUrl = URL.createObjectURL(new Blob([program.executorCode], { type: "text/javascript" }));
  const marks = createMarks();
  const bell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const worker = new Worker(new URL(`data:text/javascript,import ${JSON.stringify(programUrl)}`), {
    workerData: { port: port2, bell, marks },
    // biome-ignore lint/suspicious/noExplicitAny: the types of Deno's web ports and of node's differ; the objects do not
    transferList: [port2 as any],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: program.heapMebibytes },
  });

  const up = Promise.withResolvers<void>();
  let end: ExecutorEnd | undefined;
  let terminating = false;
  let isUp = false;

  port.onmessage = ({ data }: MessageEvent<ExecutorMail>) => {
    if (!isUp) URL.revokeObjectURL(programUrl);
    isUp = true;
    up.resolve();
    observer.mail(data);
  };
  worker.on("error", (error: Error & { code?: string }) => {
    end ??=
      error.code === "ERR_WORKER_OUT_OF_MEMORY" ? { type: "outOfMemory" } : { type: "crashed", error: describe(error) };
  });

  // The port closes when the thread's isolate is gone, after its last message; `exit` comes when that is still to happen.
  const exited = new Promise<void>((resolve) => worker.on("exit", () => resolve()));
  const closed = new Promise<void>((resolve) => port.addEventListener("close", () => resolve()));
  void Promise.all([exited, closed]).then(() => {
    URL.revokeObjectURL(programUrl);
    observer.ended(end ?? (terminating ? { type: "terminated" } : { type: "exited" }));
  });

  const { post: send } = createOutbox<ExecutorMessage>((messages, sent) => {
    port.postMessage(messages);
    // The executor waits for this, not for the port (see main_link.ts).
    Atomics.add(bell, 0, 1);
    Atomics.notify(bell, 0);
    sent();
  });
  return {
    up: up.promise,
    get isUp() {
      return isUp;
    },
    marks,
    send,
    terminate() {
      terminating = true;
      worker.terminate();
    },
  };
}

/** An error that got past the executor, so that nothing there has cut its texts. */
function describe({ name, message, stack }: Error): ThrownError {
  return { name: cutText(String(name)), message: cutText(String(message)), stack: cutText(String(stack ?? message)) };
}
