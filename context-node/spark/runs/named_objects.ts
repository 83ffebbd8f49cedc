import { deadline } from "../../../lib/async/mod.ts";
import type { NamedObject } from "../../../proto/node.ts";
import type { Driver } from "../process/driver.ts";
import { type DriverMessage, Violation } from "../protocol/driver_protocol.ts";
import { objectOf } from "./run_progress.ts";

/** Time limit for the reply of a driver, in milliseconds: it asks Spark, not the executors. */
const ANSWER_MS = 10_000;

/** Delay between the end of a job and the next read of the list, in milliseconds: many jobs may end together. */
const READ_AFTER_MS = 500;

/** The named objects of a driver. */
export interface ObjectList extends Disposable {
  /** Lists the objects by name. Returns the last known list if the driver has ended or does not reply. */
  list(): Promise<NamedObject[]>;
  /** Drops an object. Resolves to undefined if there is none of that name. */
  drop(name: string): Promise<NamedObject | undefined>;
  /** Receives a reply. Throws a Violation for an unknown request. */
  answered(message: Extract<DriverMessage, { type: "objects" }>): void;
  /** Schedules a read of the list: a job may have changed it. */
  touch(): void;
}

export function createObjectList(send: Driver["send"]): ObjectList {
  const pending = new Map<number, (objects: NamedObject[] | undefined) => void>();
  let known: NamedObject[] = [];
  let lastRequest = 0;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  /** Resolves to undefined if the driver does not reply. */
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
      // The reply came too late.
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
