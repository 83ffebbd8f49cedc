import type { Session } from "./session.ts";

interface SessionsObserver {
  /** Called when a session opens. */
  opened(session: Session): void;
  closed(session: Session): void;
}

/** The open sessions, oldest first. */
export class OpenSessions {
  readonly #sessions = new Set<Session>();
  readonly #observers: SessionsObserver[] = [];
  #opened = Promise.withResolvers<void>();

  observe(observer: SessionsObserver): void {
    this.#observers.push(observer);
  }

  add(session: Session): void {
    this.#sessions.add(session);
    this.#opened.resolve();
    this.#opened = Promise.withResolvers();
    for (const observer of this.#observers) observer.opened(session);
  }

  delete(session: Session): void {
    if (!this.#sessions.delete(session)) return;
    for (const observer of this.#observers) observer.closed(session);
  }

  get isEmpty(): boolean {
    return this.#sessions.size === 0;
  }

  has(session: Session): boolean {
    return this.#sessions.has(session);
  }

  [Symbol.iterator](): Iterator<Session> {
    return this.#sessions.values();
  }

  /** The session itself if it is open, else another one of the same gateway, else the oldest. Undefined when none is open. */
  pick(origin: Session): Session | undefined {
    if (this.#sessions.has(origin)) return origin;
    return (
      this.#sessions.values().find(({ gatewayId }) => gatewayId === origin.gatewayId) ??
      this.#sessions.values().next().value
    );
  }

  /** Resolves when the next session opens. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }
}
