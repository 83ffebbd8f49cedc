import type { HostedJob, JobQueue } from "../jobs/mod.ts";

/** Time after which a waiting job emits its position, in milliseconds: for a shorter wait the event would cost more than the wait. */
const TOLD_AFTER_MS = 100;

/** Re-announces queue positions every N rounds, if they changed by at least this fraction. */
const SLOW_ROUNDS = 20;
const NOTICEABLE_PART = 4;

interface Waiting {
  readonly sinceMs: number;
  toldPlace: number | undefined;
}

/** Emits the queue positions of waiting jobs: once they have waited for a while, and when the positions have changed noticeably. */
export class QueuePlaces implements Disposable {
  readonly #queue: JobQueue<HostedJob>;
  /** Number of jobs in front that have a slot as soon as the sandbox is ready. */
  readonly #freeSlots: () => number;
  readonly #waiting = new WeakMap<HostedJob, Waiting>();
  #timer: NodeJS.Timeout | undefined;
  #rounds = 0;
  #hasUnannounced = false;

  constructor(queue: JobQueue<HostedJob>, freeSlots: () => number) {
    this.#queue = queue;
    this.#freeSlots = freeSlots;
  }

  /** Adds a job of the queue. */
  add(job: HostedJob): void {
    this.#waiting.set(job, { sinceMs: performance.now(), toldPlace: undefined });
    this.#hasUnannounced = true;
    this.#timer ??= setInterval(() => this.#look(), TOLD_AFTER_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    if (this.#queue.size === 0) return this[Symbol.dispose]();
    this.#rounds++;
    const isSlowRound = this.#rounds % SLOW_ROUNDS === 0;
    if (isSlowRound || this.#hasUnannounced) this.#emit({ again: isSlowRound });
  }

  #emit({ again }: { again: boolean }): void {
    this.#hasUnannounced = false;
    const enoughMs = performance.now() - TOLD_AFTER_MS;
    let place = -this.#freeSlots();
    for (const job of this.#queue) {
      place++;
      const waiting = this.#waiting.get(job);
      if (waiting === undefined || place < 1) continue;
      const { sinceMs, toldPlace } = waiting;
      if (toldPlace === undefined && sinceMs > enoughMs) this.#hasUnannounced = true;
      else if (toldPlace === undefined || (again && isNoticeable(place, toldPlace))) {
        waiting.toldPlace = place;
        job.tellPlace(place);
      }
    }
  }
}

function isNoticeable(place: number, told: number): boolean {
  return Math.abs(place - told) >= Math.max(1, told / NOTICEABLE_PART);
}
