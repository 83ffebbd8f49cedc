import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { isUnreadableRecord } from "../../plugins/contract/mod.ts";
import type { NodeSession } from "../nodes/mod.ts";
import { JobUnknown } from "../state/mod.ts";

/** Tries to record an event while the store works, before it is abandoned: a quarter of an hour with these delays. */
const MOST_TRIES = 35;
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 30_000;

/** Time after which a gateway has stored every job that it dispatched, in milliseconds. Older events of an unknown job are void. */
const ADOPTION_MS = 10_000;

/** The content of an event can never be recorded. */
export class Unrecordable extends Error {
  override readonly name = "Unrecordable";
}

interface IntakeDeps {
  /** Rejects while the store is unavailable, which is no fault of the event. */
  checkStore(): Promise<void>;
  readonly log: Logger;
}

/** An event that a node reports. */
interface Reported {
  readonly session: NodeSession;
  /** Id of the job or context. */
  readonly id: string;
  /** Records the event. Repeated when it rejects, unless that cannot help. */
  record(): Promise<void>;
  /** Called when the event could not be recorded. */
  giveUp?(why: string): Promise<void>;
}

/**
 * Records the events that nodes report, and retries while that fails. From the first failure on, events of one job are recorded in order.
 */
export class Intake {
  readonly #deps: IntakeDeps;
  /** Retries in progress, by the id of the job or context. They never reject. */
  readonly #failing = new Map<string, Promise<boolean>>();
  /** When an event of an unknown job first arrived, by the id of the job. */
  readonly #unknownSince = new Map<string, number>();

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
  }

  /**
   * Resolves to whether the node may forget the event: it is recorded, or never will be. False: the session is over, and the node sends it
   * again.
   */
  async take(reported: Reported): Promise<boolean> {
    const { id } = reported;
    const tryFirst = async (then: (reason: unknown) => Promise<boolean>): Promise<boolean> => {
      try {
        await reported.record();
        return true;
      } catch (error) {
        return then(error);
      }
    };
    const tryAgain = (reason: unknown): Promise<boolean> => this.#tryAgain(reported, reason);
    if (this.#failing.has(id)) return this.#inTurn(id, () => tryFirst(tryAgain));
    return tryFirst((reason) => this.#inTurn(id, () => tryAgain(reason)));
  }

  async #inTurn(id: string, task: () => Promise<boolean>): Promise<boolean> {
    const before = this.#failing.get(id);
    const turn = before === undefined ? task() : before.then(task);
    this.#failing.set(id, turn);
    const isTaken = await turn;
    if (this.#failing.get(id) === turn) {
      this.#failing.delete(id);
      this.#unknownSince.delete(id);
    }
    return isTaken;
  }

  async #tryAgain(reported: Reported, first: unknown): Promise<boolean> {
    const { session, id } = reported;
    const { log, checkStore } = this.#deps;
    let error = first;
    log.warn({ id, node: session.nodeId, err: error }, "could not record an event; retrying");
    for (let tries = 0; tries < MOST_TRIES; ) {
      if (error instanceof Unrecordable || isUnreadableRecord(error)) break;
      if (error instanceof JobUnknown && this.#isUnknownForGood(id)) break;
      if (session.isOver) return false;
      await delay(Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, tries - 1)), undefined, { ref: false });
      const [recorded] = await Promise.allSettled([reported.record()]);
      if (recorded.status === "fulfilled") return true;
      error = recorded.reason;
      const [health] = await Promise.allSettled([checkStore()]);
      if (health.status === "fulfilled") tries += 1;
    }
    return this.#giveUp(reported, error);
  }

  /** All events of one job share the time limit. */
  #isUnknownForGood(id: string): boolean {
    const now = performance.now();
    const since = this.#unknownSince.get(id) ?? now;
    this.#unknownSince.set(id, since);
    return now - since > ADOPTION_MS;
  }

  async #giveUp({ session, id, giveUp }: Reported, error: unknown): Promise<true> {
    const { log } = this.#deps;
    const ids = { id, node: session.nodeId };
    log.error({ ...ids, err: error }, "abandoned an event that cannot be recorded");
    const why = `an event of its node could not be recorded: ${error instanceof Error ? error.message : String(error)}`;
    const [left] = await Promise.allSettled([giveUp?.(why)]);
    if (left.status === "rejected")
      log.error({ ...ids, err: left.reason }, "could not record the consequence of an abandoned event");
    return true;
  }
}
