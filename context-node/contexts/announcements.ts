import type { Logger } from "pino";
import type { ContextEvent } from "../../proto/node.ts";
import type { ContextHappening, Events } from "../events/mod.ts";
import type { Session } from "../session/mod.ts";

interface AnnouncementDeps {
  readonly events: Events;
  readonly log: Pick<Logger, "info">;
}

interface Announced {
  readonly contextId: string;
  readonly name: string;
  /** Number of the first event; 0 for the first that there is. */
  readonly firstSeq: number;
}

/** Tells what happens to one context, in numbered events. */
export class Announcements {
  readonly #deps: AnnouncementDeps;
  readonly #contextId: string;
  readonly #name: string;
  #seq: number;
  #last: ContextEvent | undefined;

  constructor(deps: AnnouncementDeps, { contextId, name, firstSeq }: Announced) {
    this.#deps = deps;
    this.#contextId = contextId;
    this.#name = name;
    this.#seq = firstSeq || 1;
  }

  tell(happening: ContextHappening): void {
    const contextId = this.#contextId;
    const context = this.#name;
    this.#last = this.#deps.events.context({ contextId, context, seq: this.#seq++ }, happening);
    this.#deps.log.info({ context: contextId, name: context, event: happening }, `context ${happening.$case}`);
  }

  /**
   * Tells a session what was told last; as a new event where the record is ahead of us, because the context was taken for lost:
   * what was told before is void.
   */
  repeat(session: Session, { firstSeq }: Pick<Announced, "firstSeq">): void {
    if (this.#last?.event === undefined) return;
    if (firstSeq <= this.#seq) return this.#deps.events.repeatContext(this.#last, { session });
    this.#seq = firstSeq;
    this.tell(this.#last.event);
  }
}
