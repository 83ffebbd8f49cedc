import { setTimeout as delay } from "node:timers/promises";
import type { BinarySelector, BinaryStore, Dao } from "../../plugins/contract/mod.ts";
import type { Binary } from "../../proto/mod.ts";

/** Lifetime of a cached read, from before the read, in milliseconds. */
const BELIEVED_MS = 100;

/** Most cached reads. The oldest is dropped first. */
const MOST_REMEMBERED = 1000;

/** Times of both clocks: one stops while the machine sleeps, the other may be set. */
interface Moment {
  readonly process: number;
  readonly wall: number;
}

interface Remembered {
  readonly binary: Binary;
  readonly readAt: Moment;
}

/**
 * A DAO that caches binaries for a moment: each job needs one. No gateway uses a cached read for longer than `BELIEVED_MS` after it began,
 * and none acknowledges a change sooner than that after storing it. So once a change is acknowledged, no gateway uses the old state, and
 * gateways need not notify each other.
 */
export function rememberBinaries<Store extends Dao>(dao: Store): Store {
  return { ...dao, binaries: rememberIn(dao), [Symbol.asyncDispose]: () => dao[Symbol.asyncDispose]() };
}

function rememberIn({ binaries, capabilities }: Dao): BinaryStore {
  const remembered = new Map<string, Remembered>();
  /** A read that began before the last change may be stale. */
  let changes = 0;

  /** Resolves with the change once no gateway caches the old state. */
  const change = async <Result>(changing: Promise<Result>): Promise<Result> => {
    try {
      return await changing;
    } finally {
      // A change that rejected may still be stored.
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
