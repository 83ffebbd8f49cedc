import type { BundlerLimits } from "../bundler_limits.ts";
import { type BundleWorker, startWorker } from "./worker.ts";

/** Number of uploads after which a worker is replaced, to bound memory leaks. */
const USES_OF_WORKER = 500;

/** Memory above which a worker is replaced: WebAssembly does not return memory. A worker with small uploads only uses about half of it. */
const RESIDENT_BYTES_OF_SPARE = 400 * 1024 * 1024;

/** Timeout of a start, in milliseconds; a busy machine needs seconds. */
const START_TIMEOUT_MS = 30_000;

/** A pool of workers, started on demand; it keeps one idle worker warm. */
export class WorkerPool implements AsyncDisposable {
  readonly #limits: BundlerLimits;
  readonly #uses = new WeakMap<BundleWorker, number>();
  #spare: Promise<BundleWorker> | undefined;

  constructor(limits: BundlerLimits) {
    this.#limits = limits;
  }

  /** Resolves when an idle worker is ready; rejects if none starts. */
  async warm(): Promise<void> {
    await this.#keepSpare();
  }

  /** Takes the idle worker, or starts one. Give it back. */
  async take(): Promise<BundleWorker> {
    const spare = this.#spare;
    this.#spare = undefined;
    const worker = await (spare ?? this.#start());
    return worker.isAlive() ? worker : this.#start();
  }

  /** Keeps the worker as the idle one if it is fit, otherwise replaces it. */
  async giveBack(worker: BundleWorker): Promise<void> {
    const uses = (this.#uses.get(worker) ?? 0) + 1;
    this.#uses.set(worker, uses);
    const isFit = uses < USES_OF_WORKER && worker.residentBytes() < RESIDENT_BYTES_OF_SPARE;
    if (worker.isAlive() && isFit && this.#spare === undefined) {
      this.#spare = Promise.resolve(worker);
      return;
    }
    // The next take() reports a failed start.
    this.#keepSpare().catch(() => undefined);
    await worker[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const [spare] = await Promise.allSettled([this.#spare]);
    this.#spare = undefined;
    if (spare.status === "fulfilled") await spare.value?.[Symbol.asyncDispose]();
  }

  #keepSpare(): Promise<BundleWorker> {
    this.#spare ??= this.#start();
    return this.#spare;
  }

  #start(): Promise<BundleWorker> {
    return startWorker(this.#limits, { signal: AbortSignal.timeout(START_TIMEOUT_MS) });
  }
}
