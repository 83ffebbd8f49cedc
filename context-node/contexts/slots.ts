import type { ContextLoad, JobError } from "../../proto/node.ts";
import { failed, type HostedJob, JobQueue } from "../jobs/mod.ts";
import type { Sandbox } from "../runtime/mod.ts";
import { QueuePlaces } from "./queue_positions.ts";

/** The jobs of a context: those with a slot, and those that wait for one or for the sandbox. */
export class Slots implements Disposable {
  readonly #queue = new JobQueue<HostedJob>();
  readonly #running = new Set<HostedJob>();
  readonly #places = new QueuePlaces(this.#queue, () => this.#free);
  #count: number;
  #sandbox: Sandbox | undefined;
  #isPaused = false;
  /** Jobs that wait for another sandbox, unless this one continues. */
  readonly #postponed = new Set<HostedJob>();
  #emptied: PromiseWithResolvers<void> | undefined;

  constructor(count: number) {
    this.#count = count;
  }

  /** Number of jobs that wait for a slot. Negative when slots are free: jobs that only wait for the sandbox count as having one. */
  get waiting(): number {
    return this.#queue.size - this.#free;
  }

  add(job: HostedJob): void {
    this.#queue.add(job);
    this.#startWaiting();
    if (this.#queue.size > 0) this.#places.add(job);
  }

  /** Starts jobs in this sandbox from now on, up to `size` at a time. */
  open(sandbox: Sandbox, { count }: { count: number }): void {
    this.#sandbox = sandbox;
    this.#isPaused = false;
    this.#postponed.clear();
    this.#count = count;
    this.#startWaiting();
  }

  /** Starts no jobs until it is opened again. */
  close(): void {
    this.#sandbox = undefined;
  }

  /** Starts no jobs until it is opened again, or its sandbox continues. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Puts back a job whose code was not called. It runs first in the next sandbox. `calledOff`: see `Outcome`. */
  postpone(job: HostedJob, calledOff: Promise<JobError | undefined>): void {
    const sandbox = this.#sandbox;
    this.#running.delete(job);
    this.#queue.putBack(job);
    this.#postponed.add(job);
    if (this.#running.size === 0) this.#emptied?.resolve();
    void calledOff.then((error) => {
      if (sandbox !== undefined && sandbox === this.#sandbox) this.#goOn(job, error);
    });
  }

  /** Frees the slot of a job, or its place in the queue. */
  release(job: HostedJob): void {
    if (!this.#running.delete(job)) this.#queue.delete(job);
    if (this.#running.size === 0) this.#emptied?.resolve();
    this.#startWaiting();
  }

  /** Resolves when no job has a slot. For closed slots. */
  async emptied(): Promise<void> {
    if (this.#running.size === 0) return;
    this.#emptied = Promise.withResolvers();
    await this.#emptied.promise;
  }

  get isEmpty(): boolean {
    return this.#running.size === 0 && this.#queue.size === 0;
  }

  /** Jobs with a slot. */
  get running(): HostedJob[] {
    return [...this.#running];
  }

  /** Jobs without a slot, the next one first. */
  get queued(): HostedJob[] {
    return [...this.#queue];
  }

  load(): Pick<ContextLoad, "runningJobs" | "queuedJobs"> {
    return { runningJobs: this.#running.size, queuedJobs: this.#queue.size };
  }

  [Symbol.dispose](): void {
    this.#places[Symbol.dispose]();
  }

  get #free(): number {
    return Math.max(0, this.#count - this.#running.size);
  }

  /** Continues once no job is left that needs another sandbox. */
  #goOn(job: HostedJob, error: JobError | undefined): void {
    if (error !== undefined) job.fail(failed(error), { forGood: true });
    this.#postponed.delete(job);
    if (this.#postponed.size > 0) return;
    this.#isPaused = false;
    this.#startWaiting();
  }

  #startWaiting(): void {
    while (!this.#isPaused && this.#sandbox !== undefined && this.#running.size < this.#count) {
      const job = this.#queue.take();
      if (job === undefined) return;
      this.#running.add(job);
      job.start(this.#sandbox);
    }
  }
}
