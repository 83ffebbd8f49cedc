import type { Logger } from "pino";
import type { ContextEvent } from "../../proto/node.ts";
import type { ContextHappening, Events } from "../events/mod.ts";
import type { Session } from "../session/mod.ts";

interface ContextEventsDeps {
  readonly events: Events;
  readonly log: Pick<Logger, "info">;
}

interface StartedContext {
  readonly contextId: string;
  readonly name: string;
  /** `seq` of the first event; 0 for the first one ever. */
  readonly firstSeq: number;
}

/** Emits the events of one context, numbered. */
export class ContextEvents {
  readonly #deps: ContextEventsDeps;
  readonly #contextId: string;
  readonly #name: string;
  #seq: number;
  #last: ContextEvent | undefined;

  constructor(deps: ContextEventsDeps, { contextId, name, firstSeq }: StartedContext) {
    this.#deps = deps;
    this.#contextId = contextId;
    this.#name = name;
    this.#seq = firstSeq || 1;
  }

  emit(happening: ContextHappening): void {
    const contextId = this.#contextId;
    const context = this.#name;
    this.#last = this.#deps.events.context({ contextId, context, seq: this.#seq++ }, happening);
    this.#deps.log.info({ context: contextId, name: context, event: happening }, `context ${happening.$case}`);
  }

  /**
   * Sends the last event to a session again; as a new event if the store is ahead, because the context was marked as lost: earlier events
   * are void then.
   */
  repeat(session: Session, { firstSeq }: Pick<StartedContext, "firstSeq">): void {
    if (this.#last?.event === undefined) return;
    if (firstSeq <= this.#seq) return this.#deps.events.repeatContext(this.#last, { session });
    this.#seq = firstSeq;
    this.emit(this.#last.event);
  }
}
