import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { isUnreadableRecord } from "../../plugins/contract/mod.ts";
import type { NodeSession } from "../nodes/mod.ts";
import { JobUnknown } from "../state/mod.ts";

/** Tries to record one event, while the store works, after which it is given up: a quarter of an hour with these delays. */
const MOST_TRIES = 35;
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 30_000;

/** A gateway may run a job for so long before others find it in the record; events of an unknown job that are older are void. */
const ADOPTION_MS = 10_000;

/** What the event says can never be recorded. */
export class Unrecordable extends Error {
  override readonly name = "Unrecordable";
}

interface IntakeDeps {
  /** Rejects while nothing can be stored: then no event is at fault. */
  checkStore(): Promise<void>;
  readonly log: Logger;
}

/** An event that a node reports. */
interface Reported {
  readonly session: NodeSession;
  /** The job or context that it is about. */
  readonly id: string;
  /** Records it. Again when it rejects, unless that cannot help. */
  record(): Promise<void>;
  /** It could not be recorded. */
  giveUp?(why: string): Promise<void>;
}

/** Records what nodes report, again and again while that fails, and in the order of the events of one job from the first failure on. */
export class Intake {
  readonly #deps: IntakeDeps;
  /** What is tried again, by the id of the job or context. Never reject. */
  readonly #failing = new Map<string, Promise<boolean>>();
  /** Since when the job of events that are tried again is unknown. */
  readonly #unknownSince = new Map<string, number>();

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
  }

  /** Resolves to whether the node is to forget the event: it is recorded, or never will be. False: the session is over, and the node tells it again. */
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
    log.warn({ id, node: session.nodeId, err: error }, "an event was not recorded; it is tried again");
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

  /** All events of one job wait for it together. */
  #isUnknownForGood(id: string): boolean {
    const now = performance.now();
    const since = this.#unknownSince.get(id) ?? now;
    this.#unknownSince.set(id, since);
    return now - since > ADOPTION_MS;
  }

  async #giveUp({ session, id, giveUp }: Reported, error: unknown): Promise<true> {
    const { log } = this.#deps;
    const ids = { id, node: session.nodeId };
    log.error({ ...ids, err: error }, "an event is given up: it cannot be recorded");
    const why = `an event of its node could not be recorded: ${error instanceof Error ? error.message : String(error)}`;
    const [left] = await Promise.allSettled([giveUp?.(why)]);
    if (left.status === "rejected") log.error({ ...ids, err: left.reason }, "what follows from that was not recorded");
    return true;
  }
}
