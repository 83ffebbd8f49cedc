import { setTimeout as delay } from "node:timers/promises";
import type { BinarySelector, BinaryStore, Dao } from "../../plugins/contract/mod.ts";
import type { Binary } from "../../proto/mod.ts";

/** How long what was read of a binary is believed, from before the read, in milliseconds. */
const BELIEVED_MS = 100;

/** Answers that are remembered; beyond it, the one that was read longest ago is forgotten. */
const MOST_REMEMBERED = 1000;

/** Times of both clocks: one of them stands still while the machine sleeps, the other may be set. */
interface Moment {
  readonly process: number;
  readonly wall: number;
}

interface Remembered {
  readonly binary: Binary;
  readonly readAt: Moment;
}

/**
 * The store, which remembers for a moment which binaries there are: each job asks for one. No gateway believes an answer for longer than
 * `BELIEVED_MS` from before it asked, and none acknowledges a change sooner than that after it is stored. So once a change is acknowledged,
 * nobody starts what was there before, whichever gateway is asked, and the gateways need not tell each other.
 */
export function rememberBinaries<Store extends Dao>(dao: Store): Store {
  return { ...dao, binaries: rememberIn(dao), [Symbol.asyncDispose]: () => dao[Symbol.asyncDispose]() };
}

function rememberIn({ binaries, capabilities }: Dao): BinaryStore {
  const remembered = new Map<string, Remembered>();
  /** A read that began before the last change has not seen it. */
  let changes = 0;

  /** Resolves as the change does, once no gateway believes what was there before. */
  const change = async <Result>(changing: Promise<Result>): Promise<Result> => {
    try {
      return await changing;
    } finally {
      // One that failed may have been stored all the same.
      changes += 1;
      remembered.clear();
      if (capabilities.shared) await delay(BELIEVED_MS);
    }
  };

  return {
    ...binaries,
    insert: (binary) => change(binaries.insert(binary)),
    delete: (name, version) => change(binaries.delete(name, version)),
    async get(name, selector) {
      const key = keyOf(name, selector);
      const known = remembered.get(key);
      if (known !== undefined && isBelieved(known.readAt)) return known.binary;
      const readAt = { process: performance.now(), wall: Date.now() };
      const changesBefore = changes;
      const binary = await binaries.get(name, selector);
      remembered.delete(key);
      if (binary === undefined || changes !== changesBefore) return binary;
      remembered.set(key, { binary, readAt });
      const [oldest] = remembered.keys();
      if (oldest !== undefined && remembered.size > MOST_REMEMBERED) remembered.delete(oldest);
      return binary;
    },
  };
}

function isBelieved({ process, wall }: Moment): boolean {
  const wallMs = Date.now() - wall;
  return performance.now() - process < BELIEVED_MS && wallMs >= 0 && wallMs < BELIEVED_MS;
}

function keyOf(name: string, selector: BinarySelector): string {
  if ("digest" in selector) return `${name} ${selector.digest}`;
  return "version" in selector ? `${name} ${selector.version}` : name;
}
