import { createHmac, randomBytes } from "node:crypto";
import type { BasicCredentials } from "./header.ts";
import { formatHash, isPasswordOf, NOBODYS_HASH, type PasswordHash } from "./scrypt.ts";

/** Concurrent hashes: each takes a thread that file access needs as well, and 64 MiB. */
const AT_A_TIME = 2;

/** Most waiting checks; others are refused at once. */
const WAITING_LIMIT = 64;

/** Most remembered successes. */
const REMEMBERED = 1000;

export interface PasswordChecks {
  /** Whether the password matches the hash. Without a hash, false after the same time. Rejects when too many checks wait. */
  check(hash: PasswordHash | undefined, credentials: BasicCredentials): Promise<boolean>;
}

/**
 * Checks passwords. A correct one is recognized for a while by a keyed digest of the password and its hash: a wrong password never matches,
 * and a changed hash invalidates it. The key never leaves the process.
 */
export function createPasswordChecks({ cacheMs }: { readonly cacheMs: number }): PasswordChecks {
  const key = randomBytes(32);
  const rightUntilMs = new Map<string, number>();
  const underWay = new Map<string, Promise<boolean>>();
  const turns: (() => void)[] = [];
  let working = 0;

  return {
    async check(hash, credentials) {
      const digest = digestOf(hash ?? NOBODYS_HASH, credentials);
      const until = rightUntilMs.get(digest) ?? 0;
      if (performance.now() < until) return true;
      const check = underWay.get(digest) ?? work(digest, { hash, password: credentials.password });
      return await check;
    },
  };

  function work(digest: string, { hash, password }: { hash: PasswordHash | undefined; password: string }) {
    const check = inTurn(() => isPasswordOf(hash ?? NOBODYS_HASH, password)).finally(() => underWay.delete(digest));
    underWay.set(digest, check);
    return check.then((isRight) => {
      if (isRight && cacheMs > 0) remember(digest);
      return isRight;
    });
  }

  async function inTurn(task: () => Promise<boolean>): Promise<boolean> {
    if (turns.length >= WAITING_LIMIT) throw new Error(`${turns.length} password checks wait already`);
    if (working >= AT_A_TIME) await new Promise<void>((resolve) => turns.push(resolve));
    else working += 1;
    try {
      return await task();
    } finally {
      const next = turns.shift();
      if (next === undefined) working -= 1;
      else next();
    }
  }

  function remember(digest: string): void {
    rightUntilMs.delete(digest);
    rightUntilMs.set(digest, performance.now() + cacheMs);
    if (rightUntilMs.size <= REMEMBERED) return;
    for (const oldest of rightUntilMs.keys()) {
      rightUntilMs.delete(oldest);
      return;
    }
  }

  function digestOf(hash: PasswordHash, { name, password }: BasicCredentials): string {
    const shown = JSON.stringify([formatHash(hash), name, password]);
    return createHmac("sha256", key).update(shown).digest("base64");
  }
}
