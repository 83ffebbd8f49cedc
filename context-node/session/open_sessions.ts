import type { Session } from "./session.ts";

/** The sessions that are open now, oldest first. */
export class OpenSessions {
  readonly #sessions = new Set<Session>();
  #opened = Promise.withResolvers<void>();

  add(session: Session): void {
    this.#sessions.add(session);
    this.#opened.resolve();
    this.#opened = Promise.withResolvers();
  }

  delete(session: Session): void {
    this.#sessions.delete(session);
  }

  [Symbol.iterator](): Iterator<Session> {
    return this.#sessions.values();
  }

  /**
   * Whom to tell about something that came on a session: that session, when it is gone one of the same gateway, else any.
   * Undefined when none is open.
   */
  pick(origin: Session): Session | undefined {
    if (this.#sessions.has(origin)) return origin;
    return (
      this.#sessions.values().find(({ gatewayId }) => gatewayId === origin.gatewayId) ??
      this.#sessions.values().next().value
    );
  }

  /** Resolves when the next session is opened. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }
}
