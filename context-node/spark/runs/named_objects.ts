import { deadline } from "../../../lib/async/mod.ts";
import type { NamedObject } from "../../../proto/node.ts";
import type { Driver } from "../process/driver.ts";
import { type DriverMessage, Violation } from "../protocol/driver_protocol.ts";
import { objectOf } from "./run_progress.ts";

/** Time that a driver has to answer, in milliseconds: it asks Spark, not executors. */
const ANSWER_MS = 10_000;

/** Time after a job in which the list is read again, in milliseconds: many jobs end together. */
const READ_AFTER_MS = 500;

/** The named objects of a driver. */
export interface ObjectList extends Disposable {
  /** By name; of a driver that is gone, or does not answer, as they were last known. */
  list(): Promise<NamedObject[]>;
  /** Resolves to undefined when there was none. */
  drop(name: string): Promise<NamedObject | undefined>;
  /** Throws a Violation when nothing was asked. */
  answered(message: Extract<DriverMessage, { type: "objects" }>): void;
  /** Jobs may have changed them. */
  touch(): void;
}

export function createObjectList(send: Driver["send"]): ObjectList {
  const pending = new Map<number, (objects: NamedObject[] | undefined) => void>();
  let known: NamedObject[] = [];
  let lastRequest = 0;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  /** Undefined: no answer. */
  async function ask(question: { drop?: string }): Promise<NamedObject[] | undefined> {
    if (isClosed) return undefined;
    lastRequest += 1;
    const request = lastRequest;
    const { promise, resolve } = Promise.withResolvers<NamedObject[] | undefined>();
    pending.set(request, resolve);
    send({ type: "objects", request, ...question });
    return await deadline(promise, ANSWER_MS, () => {
      pending.delete(request);
      return undefined;
    });
  }

  async function list(): Promise<NamedObject[]> {
    known = (await ask({})) ?? known;
    return known;
  }

  return {
    list,
    async drop(name) {
      const [dropped] = (await ask({ drop: name })) ?? [];
      if (dropped !== undefined) known = known.filter((each) => each.name !== dropped.name);
      return dropped;
    },
    answered({ request, objects }) {
      const resolve = pending.get(request);
      if (request > lastRequest) throw new Violation(`"objects" of request ${request}, which was not sent`);
      // It came too late.
      if (resolve === undefined) return;
      pending.delete(request);
      resolve(objects.map(objectOf).sort((a, b) => (a.name < b.name ? -1 : 1)));
    },
    touch() {
      if (isClosed) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        void list();
      }, READ_AFTER_MS).unref();
    },
    [Symbol.dispose]() {
      isClosed = true;
      clearTimeout(timer);
      for (const resolve of pending.values()) resolve(undefined);
      pending.clear();
    },
  };
}
