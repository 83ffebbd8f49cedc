import type { OutboxEvent } from "../../plugins/contract/mod.ts";
import type { JobEvent } from "../../proto/mod.ts";

/** What stands in for NATS where the record alone is tested: it has all that was published, in order, by its id. */
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
