import { Semaphore } from "../../lib/async/mod.ts";
import { Binary_Type } from "../../proto/mod.ts";
import type { Bundle } from "./bundle.ts";
import { type BundlerLimits, DEFAULT_LIMITS } from "./limits.ts";
import { BundleError, badUpload } from "./problem.ts";
import { WarmWorkers } from "./warm_workers.ts";
import type { BundleWorker } from "./worker.ts";
import type { BundleRequest, WorkerMessage } from "./worker_protocol.ts";

export interface BundledUpload extends Omit<Bundle, "type"> {
  readonly type: Binary_Type;
}

export interface BundleOptions {
  /** The media type that the upload came with, parameters and all. */
  readonly contentType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Turns uploads into bundles, in processes of its own. Disposing it ends them and rejects what is under way. */
export interface Bundler extends AsyncDisposable {
  /** Starts a process ahead of the first upload. Resolves when it is warm; rejects when it does not start. */
  warm(): Promise<void>;
  /**
   * Rejects with BundleError when the upload is at fault, also when it takes too much time or memory; with
   * QueueFullError when too many wait already; with the signal's reason.
   */
  bundle(content: Uint8Array, options?: BundleOptions): Promise<BundledUpload>;
}

export interface BundlerSettings {
  /** Where not given, DEFAULT_LIMITS. */
  readonly limits?: Partial<BundlerLimits> | undefined;
  /** Uploads that are bundled at the same time, each in a process; one process stays warm. 2 unless given. */
  readonly workers?: number | undefined;
  /** Uploads that may wait for their turn. 32 unless given. */
  readonly queue?: number | undefined;
}

/** Starts no process before it is warmed or asked. */
export function createBundler(settings: BundlerSettings = {}): Bundler {
  const limits = { ...DEFAULT_LIMITS, ...settings.limits };
  const turns = new Semaphore(settings.workers ?? 2, { maxWaiting: settings.queue ?? 32 });
  const workers = new WarmWorkers(limits);
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

/** Ends the worker when the upload takes too long or is not wanted any more: nothing else stops esbuild. */
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
