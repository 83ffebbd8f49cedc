import { Semaphore } from "../../lib/async/mod.ts";
import { Binary_Type } from "../../proto/mod.ts";
import type { Bundle } from "./build/bundle.ts";
import { type BundlerLimits, DEFAULT_LIMITS } from "./bundler_limits.ts";
import { BundleError, badUpload } from "./problem.ts";
import type { BundleWorker } from "./worker/worker.ts";
import { WorkerPool } from "./worker/worker_pool.ts";
import type { BundleRequest, WorkerMessage } from "./worker/worker_protocol.ts";

export interface BundledUpload extends Omit<Bundle, "type"> {
  readonly type: Binary_Type;
}

export interface BundleOptions {
  /** Media type of the upload, with its parameters. */
  readonly contentType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Bundles uploads in child processes. Disposing it kills them and rejects pending bundles. */
export interface Bundler extends AsyncDisposable {
  /** Starts a process before the first upload. Resolves when it is warm; rejects if it does not start. */
  warm(): Promise<void>;
  /**
   * Rejects with BundleError for an invalid upload, also if it exceeds time or memory; with QueueFullError if the queue is full; with the
   * signal's reason.
   */
  bundle(content: Uint8Array, options?: BundleOptions): Promise<BundledUpload>;
}

export interface BundlerSettings {
  /** Default: DEFAULT_LIMITS. */
  readonly limits?: Partial<BundlerLimits> | undefined;
  /** Maximum number of concurrent bundles, each in a process; one process stays warm. Default: 2. */
  readonly workers?: number | undefined;
  /** Maximum number of waiting uploads. Default: 32. */
  readonly queue?: number | undefined;
}

/** Creates a bundler. It starts processes on demand only. */
export function createBundler(settings: BundlerSettings = {}): Bundler {
  const limits = { ...DEFAULT_LIMITS, ...settings.limits };
  const turns = new Semaphore(settings.workers ?? 2, { maxWaiting: settings.queue ?? 32 });
  const workers = new WorkerPool(limits);
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();

  async function bundle(content: Uint8Array, { contentType, signal }: BundleOptions): Promise<BundledUpload> {
    if (content.length > limits.uploadBytes) {
      throw badUpload(`The upload has ${content.length} bytes, more than ${limits.uploadBytes}`);
    }
    const until = AbortSignal.any([closing.signal, ...(signal === undefined ? [] : [signal])]);
    using _turn = await turns.acquire({ signal: until });
    const worker = await workers.take();
    try {
      return toBundled(await ask(worker, { content, contentType, limits }, until));
    } finally {
      await workers.giveBack(worker);
    }
  }

  return {
    warm: () => workers.warm(),
    async bundle(content, options = {}) {
      const bundled = bundle(content, options);
      running.add(bundled);
      try {
        return await bundled;
      } finally {
        running.delete(bundled);
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new Error("The bundler is closed"));
      await Promise.allSettled(running);
      await workers[Symbol.asyncDispose]();
    },
  };
}

/** Kills the worker on timeout or abort: nothing else stops esbuild. */
async function ask(worker: BundleWorker, request: BundleRequest, until: AbortSignal): Promise<WorkerMessage> {
  const { timeoutMs, memoryBytes } = request.limits;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await worker.ask(request, { signal: AbortSignal.any([until, timeout]) });
  } catch (cause) {
    await worker[Symbol.asyncDispose]();
    until.throwIfAborted();
    const text = timeout.aborted ? `Bundling took more than ${timeoutMs} ms` : whyEnded(cause, memoryBytes);
    throw new BundleError([{ text }], { cause });
  }
}

const TYPES = { file: Binary_Type.TYPESCRIPT, folder: Binary_Type.NPM } as const;

function whyEnded(cause: unknown, memoryBytes: number): string {
  if (`${cause}`.includes("Maximum call stack size exceeded")) return "The code nests too deep to be bundled";
  return `Bundling ended its process, most likely for want of memory: it has ${memoryBytes} bytes`;
}

function toBundled(message: WorkerMessage): BundledUpload {
  switch (message.type) {
    case "bundled":
      return { ...message.bundle, type: TYPES[message.bundle.type] };
    case "refused":
      throw new BundleError(message.problems);
    case "ready":
      throw new Error("The bundler process started twice");
    default:
      return message satisfies never;
  }
}
