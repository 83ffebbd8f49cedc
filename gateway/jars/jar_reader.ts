import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { Semaphore } from "../../lib/async/mod.ts";
import { JarError } from "./jar_entries.ts";
import { DEFAULT_LIMITS, type JarLimits } from "./jar_limits.ts";
import type { JarAnswer, JarTask } from "./jar_thread.ts";
import type { JarContents } from "./read_jar.ts";

const MEBIBYTE = 1024 * 1024;
const THREAD = new URL("./jar_thread.ts", import.meta.url);

/** Number of bytes that are copied at a time, in about a millisecond. */
const SLICE_BYTES = 4 * MEBIBYTE;

/** Reads jars in worker threads. Disposing it ends them and rejects pending reads. */
export interface JarReader extends AsyncDisposable {
  /**
   * Rejects with JarError for an invalid jar, also if it exceeds time or memory; with QueueFullError if the queue is full; with the
   * signal's reason.
   */
  read(content: Uint8Array, options?: { readonly signal?: AbortSignal | undefined }): Promise<JarContents>;
}

export interface JarReaderSettings {
  /** Default: DEFAULT_LIMITS. */
  readonly limits?: Partial<JarLimits> | undefined;
  /** Maximum number of concurrent reads; each copies the jar. Default: 1. */
  readonly threads?: number | undefined;
  /** Maximum number of waiting jars. Default: 16. */
  readonly queue?: number | undefined;
}

export function createJarReader(settings: JarReaderSettings = {}): JarReader {
  const limits = { ...DEFAULT_LIMITS, ...settings.limits };
  const turns = new Semaphore(settings.threads ?? 1, { maxWaiting: settings.queue ?? 16 });
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();

  async function read(content: Uint8Array, signal: AbortSignal): Promise<JarContents> {
    using _turn = await turns.acquire({ signal });
    const answer = await readInThread({ content: await share(content), limits }, signal);
    if (answer.type === "refused") throw new JarError(answer.message);
    return answer.contents;
  }

  return {
    async read(content, { signal } = {}) {
      const reading = read(content, AbortSignal.any([closing.signal, ...(signal === undefined ? [] : [signal])]));
      running.add(reading);
      try {
        return await reading;
      } finally {
        running.delete(reading);
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new Error("The jar reader is closed"));
      await Promise.allSettled(running);
    },
  };
}

/** Copies the content to shared memory, in slices that yield to the event loop. */
async function share(content: Uint8Array): Promise<SharedArrayBuffer> {
  const shared = new SharedArrayBuffer(content.length);
  const bytes = new Uint8Array(shared);
  for (let at = 0; at < content.length; at += SLICE_BYTES) {
    bytes.set(content.subarray(at, at + SLICE_BYTES), at);
    await turn();
  }
  return shared;
}

async function readInThread(task: JarTask, signal: AbortSignal): Promise<JarAnswer> {
  const { timeoutMs, memoryBytes } = task.limits;
  const timeout = AbortSignal.timeout(timeoutMs);
  signal.throwIfAborted();
  const thread = new Worker(THREAD, {
    workerData: task,
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: memoryBytes / MEBIBYTE },
  });
  try {
    const [answer]: JarAnswer[] = await once(thread, "message", { signal: AbortSignal.any([signal, timeout]) });
    if (answer === undefined) throw new Error("The jar thread sent an empty message");
    return answer;
  } catch (cause) {
    signal.throwIfAborted();
    if (timeout.aborted) throw new JarError(`The jar takes more than ${timeoutMs} ms to be read`, { cause });
    if (isOutOfMemory(cause)) throw new JarError(`The jar takes more than ${memoryBytes} bytes to be read`, { cause });
    throw cause;
  } finally {
    await thread.terminate();
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
}
