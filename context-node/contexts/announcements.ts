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

  /** Tells a session what was told last. */
  repeat(session: Session): void {
    if (this.#last !== undefined) this.#deps.events.repeatContext(this.#last, { session });
  }
}
