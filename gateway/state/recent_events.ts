import type { JobEvent } from "../../proto/mod.ts";

/** Most kept events per job, the newest. */
const EVENTS_PER_JOB = 500;

/** Events beyond that number before the oldest are dropped together: dropping them one by one would move all others each time. */
const SLACK = 500;

/** Ended jobs whose events are kept, for clients that submit first and watch later. */
const ENDED_JOBS = 2000;

interface Track {
  /** Without a gap. */
  events: JobEvent[];
  /** `seq` of the last event that was dropped. */
  dropped: number;
  readonly watchers: Set<() => void>;
  /** Whether all events of the job so far have been seen here, in order. */
  isWhole: boolean;
}

/**
 * Recent events of jobs as they arrived on sessions, so that watching them here needs no stream. A job stops being tracked when an event
 * may have been missed; only the newest events of a job are kept.
 */
export class RecentEvents {
  readonly #tracks = new Map<string, Track>();
  readonly #ended: string[] = [];

  /** Starts tracking a job before it is sent to its node. */
  begin(jobId: string): void {
    this.#tracks.set(jobId, { events: [], dropped: 0, watchers: new Set(), isWhole: true });
  }

  /** Adds the next event. A gap ends the tracking. */
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

  /** Ends tracking: events may have been missed. Readers continue on the stream. */
  breakOff(jobId: string): void {
    const track = this.#tracks.get(jobId);
    this.#tracks.delete(jobId);
    if (track === undefined) return;
    track.isWhole = false;
    for (const wake of track.watchers) wake();
  }

  /** Marks a job as final. Its events are kept until enough other jobs end. */
  end(jobId: string): void {
    if (!this.#tracks.has(jobId)) return;
    this.#ended.push(jobId);
    if (this.#ended.length > ENDED_JOBS) this.#tracks.delete(this.#ended.shift() ?? "");
  }

  /** Emits the events after `afterSeq` in order, as they arrive. Ends when tracking ends, or the next event has been dropped. */
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
        // Complete tracks start at 1 and have no gap.
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
