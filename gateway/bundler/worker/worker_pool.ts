import type { BundlerLimits } from "../bundler_limits.ts";
import { type BundleWorker, startWorker } from "./worker.ts";

/** Uploads after which a worker is replaced, so that a leak of esbuild's or ours does not grow for ever. */
const USES_OF_WORKER = 500;

/** Memory above which a worker is replaced: WebAssembly gives none back. A worker that only saw small uploads has about half of it. */
const RESIDENT_BYTES_OF_SPARE = 400 * 1024 * 1024;

/** A process that is not ready by then will not be; a busy machine needs seconds. */
const START_TIMEOUT_MS = 30_000;

/** Workers for as many as ask, one of them kept warm while nobody does. */
export class WorkerPool implements AsyncDisposable {
  readonly #limits: BundlerLimits;
  readonly #uses = new WeakMap<BundleWorker, number>();
  #spare: Promise<BundleWorker> | undefined;

  constructor(limits: BundlerLimits) {
    this.#limits = limits;
  }

  /** Resolves when a spare worker is ready; rejects when none starts. */
  async warm(): Promise<void> {
    await this.#keepSpare();
  }

  /** The spare worker, or a new one. Give it back. */
  async take(): Promise<BundleWorker> {
    const spare = this.#spare;
    this.#spare = undefined;
    const worker = await (spare ?? this.#start());
    return worker.isAlive() ? worker : this.#start();
  }

  /** Keeps the worker as the spare one when it is fit, or ends it and starts another. */
  async giveBack(worker: BundleWorker): Promise<void> {
    const uses = (this.#uses.get(worker) ?? 0) + 1;
    this.#uses.set(worker, uses);
    const isFit = uses < USES_OF_WORKER && worker.residentBytes() < RESIDENT_BYTES_OF_SPARE;
    if (worker.isAlive() && isFit && this.#spare === undefined) {
      this.#spare = Promise.resolve(worker);
      return;
    }
    // A start that fails is told to the next one who asks.
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
