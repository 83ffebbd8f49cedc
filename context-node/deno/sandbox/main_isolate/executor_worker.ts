import { Worker } from "node:worker_threads";
import { createOutbox } from "../messages/outbox.ts";
import type { ExecutorEnd, ExecutorMail, ExecutorMessage, ThrownError } from "../messages/protocol.ts";
import { cutText } from "../runs/value_text.ts";
import { createMarks, type Marks } from "./run_marks.ts";

/** An executor, as the main isolate controls it. */
export interface ExecutorWorker {
  /** Resolves when it accepts messages; earlier messages wait. Never settles if it ends first. */
  readonly up: Promise<void>;
  readonly isUp: boolean;
  /** Marks of the stages that its runs have reached. */
  readonly marks: Marks;
  send(message: ExecutorMessage): void;
  /** Ends the executor, even in a tight loop. `ended` is called afterwards. */
  terminate(): void;
}

export interface ExecutorObserver {
  mail(mail: ExecutorMail): void;
  /** Called once, after the last mail, when no code of the executor runs. */
  ended(end: ExecutorEnd): void;
}

interface ExecutorProgram {
  readonly executorCode: string;
  readonly heapMebibytes: number;
}

/**
 * Starts an executor with the permissions of this process.
 *
 * It is a worker of `node:worker_threads`, not a web worker. `terminate()` of a web worker only stops the event loop, so a tight loop runs
 * for ever (Deno 2.9). For a node worker that holds a web lock it also interrupts running code; the executor takes such a lock when it
 * starts. Node workers also have a heap limit each, so that running out of memory ends one executor, not the process.
 */
export function startExecutor(program: ExecutorProgram, observer: ExecutorObserver): ExecutorWorker {
  const { port1: port, port2 } = new MessageChannel();
  // Node workers start only from a `data:` or `file:` URL; the blob keeps the code out of their stack frames. A job finds the URL in its
  // stacks, and all executors share the blob registry: so each executor has its own URL, which is revoked before a job can use it.
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

  // The port closes after the thread's last message, when its isolate is gone; `exit` is emitted before that.
  const exited = new Promise<void>((resolve) => worker.on("exit", () => resolve()));
  const closed = new Promise<void>((resolve) => port.addEventListener("close", () => resolve()));
  void Promise.all([exited, closed]).then(() => {
    URL.revokeObjectURL(programUrl);
    observer.ended(end ?? (terminating ? { type: "terminated" } : { type: "exited" }));
  });

  const { post: send } = createOutbox<ExecutorMessage>((messages, sent) => {
    port.postMessage(messages);
    // The executor waits for this counter, not for the port (see main_link.ts).
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

/** Describes an error that the executor did not catch; its texts are not cut yet. */
function describe({ name, message, stack }: Error): ThrownError {
  return { name: cutText(String(name)), message: cutText(String(message)), stack: cutText(String(stack ?? message)) };
}
