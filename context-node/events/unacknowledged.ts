import { deadline } from "../../lib/async/mod.ts";
import type { NodeMessage } from "../../proto/node.ts";
import type { OpenSessions, Session } from "../session/mod.ts";

/** When events of this size wait for acknowledgements, in bytes, `isFull` is true. */
const FULL_BYTES = 64 * 1024 * 1024;

/** What an event costs beside its content, in bytes. */
const OVERHEAD_BYTES = 512;

type Message = NonNullable<NodeMessage["message"]>;

/** Which gateway gets the events of an attempt of a job. */
export interface JobRoute {
  /** The session that asked for the attempt last. */
  origin: Session;
  /** The session that got the newest event; undefined before the first. */
  session: Session | undefined;
  /** Count of the events that no gateway has acknowledged. */
  unacknowledged: number;
}

interface JobEntry {
  readonly kind: "job";
  readonly route: JobRoute;
  readonly event: Uint8Array;
  readonly result: Uint8Array;
  readonly acknowledged: (() => void) | undefined;
  /** The session that got the event last; undefined before the first. */
  session: Session | undefined;
}

interface ContextEntry {
  readonly kind: "context";
  readonly event: Uint8Array;
}

type Entry = JobEntry | ContextEntry;

/**
 * Events that no gateway has acknowledged, in the order in which they happened. The events of a job go to the session that asked for it. When
 * that session closes, all that are not acknowledged go to another one, in order, and so do the next ones until all are acknowledged; then they
 * go to the job's gateway again, if it is back. While no session is open, events wait for the first one that opens.
 */
export class Unacknowledged {
  readonly #sessions: OpenSessions;
  /** By number, ascending. */
  readonly #entries = new Map<number, Entry>();
  #lastNumber = 0;
  #bytes = 0;
  /** Count of the job events among the entries. */
  #jobEvents = 0;
  #flushed: PromiseWithResolvers<void> | undefined;

  constructor(sessions: OpenSessions) {
    this.#sessions = sessions;
    sessions.observe({ opened: (session) => this.#opened(session), closed: () => this.#closed() });
  }

  get isFull(): boolean {
    return this.#bytes > FULL_BYTES;
  }

  sendJob(route: JobRoute, content: Pick<JobEntry, "event" | "result" | "acknowledged">): void {
    const target = this.pick(route);
    const entry: JobEntry = { kind: "job", route, ...content, session: undefined };
    const number = this.#add(entry);
    this.#jobEvents++;
    route.unacknowledged++;
    if (target !== undefined) sendJobTo(target, number, entry);
  }

  sendContext(event: Uint8Array): void {
    const entry: ContextEntry = { kind: "context", event };
    const number = this.#add(entry);
    for (const session of this.#sessions) session.send(contextMessage(number, event));
  }

  /** The session asks for the attempt, which another one had: it gets the events that no gateway has acknowledged, and the next ones. */
  moveJob(route: JobRoute, session: Session): void {
    route.origin = session;
    if (route.session === session || route.unacknowledged === 0) return;
    for (const [number, entry] of this.#entries) {
      if (!this.#sessions.has(session)) return;
      if (entry.kind === "job" && entry.route === route) sendJobTo(session, number, entry);
    }
  }

  /**
   * Where the next event of the job goes; undefined while no session is open. It must not overtake those that another session got and no gateway
   * has acknowledged.
   */
  pick({ origin, session, unacknowledged }: JobRoute): Session | undefined {
    const isBound = unacknowledged > 0 && session !== undefined && this.#sessions.has(session);
    return isBound ? session : this.#sessions.pick(origin);
  }

  /** Numbers of events that are not kept, or not any more, are ignored. */
  acknowledge(numbers: readonly number[]): void {
    for (const number of numbers) {
      const entry = this.#entries.get(number);
      if (entry === undefined) continue;
      this.#entries.delete(number);
      this.#bytes -= sizeOf(entry);
      if (entry.kind === "context") continue;
      this.#jobEvents--;
      entry.route.unacknowledged--;
      entry.acknowledged?.();
    }
    this.#checkFlushed();
  }

  /**
   * Resolves when all are acknowledged, or after the timeout; to the count of those that are not. Waits for the next gateway with events of jobs,
   * but not with those of contexts alone: what becomes of a context of a node that ended, gateways know without them.
   */
  async flush({ timeoutMs }: { timeoutMs: number }): Promise<number> {
    const flushed = Promise.withResolvers<void>();
    this.#flushed = flushed;
    this.#checkFlushed();
    await deadline(flushed.promise, timeoutMs, () => {});
    return this.#entries.size;
  }

  #checkFlushed(): void {
    const isAwaited = this.#jobEvents > 0 || (this.#entries.size > 0 && !this.#sessions.isEmpty);
    if (!isAwaited) this.#flushed?.resolve();
  }

  #add(entry: Entry): number {
    const number = ++this.#lastNumber;
    this.#entries.set(number, entry);
    this.#bytes += sizeOf(entry);
    return number;
  }

  /** In one pass, so that the session gets the end of a context after the ends of its jobs. */
  #opened(session: Session): void {
    for (const [number, entry] of this.#entries) {
      if (entry.kind === "context") session.send(contextMessage(number, entry.event));
      else this.#sendAgain(number, entry);
    }
  }

  #closed(): void {
    for (const [number, entry] of this.#entries) if (entry.kind === "job") this.#sendAgain(number, entry);
    this.#checkFlushed();
  }

  /** Does nothing for an event that an open session has. */
  #sendAgain(number: number, entry: JobEntry): void {
    const target = this.pick(entry.route);
    if (target !== undefined && target !== entry.session) sendJobTo(target, number, entry);
  }
}

/** Notes the session before it sends: a session that takes no more closes while it sends, and all that it has goes to the next one. */
function sendJobTo(session: Session, number: number, entry: JobEntry): void {
  const { route, event, result } = entry;
  const hasMoved = route.session !== undefined && route.session !== session;
  const again = entry.session !== undefined || hasMoved;
  route.session = session;
  entry.session = session;
  session.send({ $case: "jobEvent", value: { event, result, number, again } });
}

function contextMessage(number: number, event: Uint8Array): Message {
  return { $case: "contextEvent", value: { event, number } };
}

function sizeOf(entry: Entry): number {
  return entry.event.length + (entry.kind === "job" ? entry.result.length : 0) + OVERHEAD_BYTES;
}
