import type { JobEvent } from "../../proto/mod.ts";

/** Events of one job that are kept, the newest. */
const EVENTS_PER_JOB = 500;

/** The oldest go together, when this count of events is there beyond the newest: one by one each would move all others. */
const SLACK = 500;

/** Jobs whose events are kept after their end, for those who submit first and watch then. */
const ENDED_JOBS = 2000;

interface Track {
  /** Without a gap. */
  events: JobEvent[];
  /** `seq` of the last that is not kept any more. */
  dropped: number;
  readonly watchers: Set<() => void>;
  /** All events of the job so far have come this way, in order. */
  isWhole: boolean;
}

/**
 * The events of jobs as they came on sessions: watching them here costs nothing but the memory. A job of which this gateway may
 * have missed an event is not told here any more; of a job with many events only the newest are here.
 */
export class RecentEvents {
  readonly #tracks = new Map<string, Track>();
  readonly #ended: string[] = [];

  /** Begins to keep the events of a job that was not sent to its node yet. */
  begin(jobId: string): void {
    this.#tracks.set(jobId, { events: [], dropped: 0, watchers: new Set(), isWhole: true });
  }

  /** Adds the next event; one that does not follow the last breaks the track off. */
  add(event: JobEvent): void {
    const track = this.#tracks.get(event.jobId);
    if (track === undefined || !track.isWhole) return;
    const expected = track.dropped + track.events.length + 1;
    if (event.seq < expected) return;
    if (event.seq > expected) {
      this.breakOff(event.jobId);
      return;
    }
    track.events.push(event);
    if (track.events.length > EVENTS_PER_JOB + SLACK) {
      track.dropped += SLACK;
      track.events = track.events.slice(SLACK);
    }
    for (const wake of track.watchers) wake();
  }

  /** Events may have gone another way: whoever watches turns to the stream. */
  breakOff(jobId: string): void {
    const track = this.#tracks.get(jobId);
    this.#tracks.delete(jobId);
    if (track === undefined) return;
    track.isWhole = false;
    for (const wake of track.watchers) wake();
  }

  /** The job is final; its events are kept until those of many others came. */
  end(jobId: string): void {
    if (!this.#tracks.has(jobId)) return;
    this.#ended.push(jobId);
    if (this.#ended.length > ENDED_JOBS) this.#tracks.delete(this.#ended.shift() ?? "");
  }

  /**
   * The events after `afterSeq`, in order, as they come. Ends when the events of the job do not all come this way, or not any more, and when the next
   * one is not kept any more.
   */
  async *watch(
    jobId: string,
    { afterSeq, signal }: { afterSeq: number; signal: AbortSignal },
  ): AsyncGenerator<JobEvent> {
    const track = this.#tracks.get(jobId);
    if (track === undefined) return;
    let told = afterSeq;
    let waiting = Promise.withResolvers<void>();
    const wake = (): void => waiting.resolve();
    track.watchers.add(wake);
    signal.addEventListener("abort", wake);
    try {
      while (track.isWhole && !signal.aborted && told >= track.dropped) {
        waiting = Promise.withResolvers();
        // Whole tracks count from 1 without a gap.
        for (const event of track.events.slice(told - track.dropped)) {
          told = event.seq;
          yield event;
        }
        if (track.dropped + track.events.length <= told) await waiting.promise;
      }
    } finally {
      track.watchers.delete(wake);
      signal.removeEventListener("abort", wake);
    }
  }
}
