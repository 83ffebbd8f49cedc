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
  /** `seq` of the first event; 0 for the first one ever. */
  readonly firstSeq: number;
}

/** Emits the events of one context, numbered. */
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
   * Sends the last event to a session again; as a new event if the store is ahead, because the context was marked as lost: earlier events
   * are void then.
   */
  repeat(session: Session, { firstSeq }: Pick<Announced, "firstSeq">): void {
    if (this.#last?.event === undefined) return;
    if (firstSeq <= this.#seq) return this.#deps.events.repeatContext(this.#last, { session });
    this.#seq = firstSeq;
    this.tell(this.#last.event);
  }
}
