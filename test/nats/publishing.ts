import type { OutboxEvent } from "../../plugins/contract/mod.ts";
import type { JobEvent } from "../../proto/mod.ts";

/** A publisher without NATS that keeps all published events in order, by id. */
export class TestPublishing {
  readonly ids: string[] = [];
  /** Whether events are acknowledged at once. */
  isUp = true;

  publish(event: JobEvent, published: () => void): void {
    this.ids.push(`${event.jobId}/${event.attempt}/${event.seq}`);
    if (this.isUp) published();
  }

  publishOutbox({ id }: OutboxEvent): void {
    this.ids.push(id);
  }

  async publishLeft(): Promise<boolean> {
    return true;
  }

  async publishEarlier(): Promise<void> {}

  async lastSeq(): Promise<number> {
    return Number(this.ids.at(-1)?.split("/").at(-1) ?? 0);
  }
}
