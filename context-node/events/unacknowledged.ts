import { deadline } from "../../lib/async/mod.ts";
import type { NodeMessage } from "../../proto/node.ts";
import type { OpenSessions, Session } from "../session/mod.ts";

/** Size of the unacknowledged events at which `isFull` becomes true, in bytes. */
const FULL_BYTES = 64 * 1024 * 1024;

/** Cost of an event besides its content, in bytes. */
const OVERHEAD_BYTES = 512;

type Message = NonNullable<NodeMessage["message"]>;

/** The gateway that receives the events of an attempt. */
export interface JobRoute {
  /** The session that submitted the attempt last. */
  origin: Session;
  /** The session that received the newest event. Undefined before the first. */
  session: Session | undefined;
  /** Number of unacknowledged events. */
  unacknowledged: number;
}

interface JobEntry {
  readonly kind: "job";
  readonly route: JobRoute;
  readonly event: Uint8Array;
  readonly result: Uint8Array;
  readonly acknowledged: (() => void) | undefined;
  /** The session that received the event last. Undefined before the first. */
  session: Session | undefined;
}

interface ContextEntry {
  readonly kind: "context";
  readonly event: Uint8Array;
}

type Entry = JobEntry | ContextEntry;

/**
 * Unacknowledged events in order. The events of a job go to the session that submitted it. When that closes, all its unacknowledged events
 * go to another session in order, and so do the next ones until all are acknowledged; then they go to the job's gateway again if it is
 * back. Without a session, events wait for the first one that opens.
 */
export class Unacknowledged {
  readonly #sessions: OpenSessions;
  /** By number, ascending. */
  readonly #entries = new Map<number, Entry>();
  #lastNumber = 0;
  #bytes = 0;
  /** Number of job events among the entries. */
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

  /** Redirects an attempt to a session that submits it again: it gets the unacknowledged events and the next ones. */
  moveJob(route: JobRoute, session: Session): void {
    route.origin = session;
    if (route.session === session || route.unacknowledged === 0) return;
    for (const [number, entry] of this.#entries) {
      if (!this.#sessions.has(session)) return;
      if (entry.kind === "job" && entry.route === route) sendJobTo(session, number, entry);
    }
  }

  /**
   * The session for the next event of the job. Undefined while no session is open. The event must not overtake unacknowledged ones that
   * another session received.
   */
  pick({ origin, session, unacknowledged }: JobRoute): Session | undefined {
    const isBound = unacknowledged > 0 && session !== undefined && this.#sessions.has(session);
    return isBound ? session : this.#sessions.pick(origin);
  }

  /** Ignores unknown numbers. */
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
   * Resolves when all are acknowledged or the timeout passes, to the number of the rest. Waits for the next gateway with job events, but
   * not with context events alone: gateways detect the loss of a node by themselves.
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

  /** One pass, so that the session gets the end of a context after the ends of its jobs. */
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

  /** Skips events that an open session has received. */
  #sendAgain(number: number, entry: JobEntry): void {
    const target = this.pick(entry.route);
    if (target !== undefined && target !== entry.session) sendJobTo(target, number, entry);
  }
}

/** Set before sending: a session may close while it sends, and all its events go to the next one. */
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
