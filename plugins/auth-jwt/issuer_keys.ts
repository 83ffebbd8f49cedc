import { createRemoteJWKSet, type JWTVerifyGetKey } from "jose";
import { pause } from "../../lib/async/mod.ts";
import type { PluginLog } from "../contract/mod.ts";
import { discoverKeys, WrongIssuerError } from "./discovery.ts";

/** An issuer that does not tell where its keys are is asked again after so long. */
const RETRY_MS = 2000;

interface IssuerConfig {
  readonly issuer: string;
  /** Undefined: the issuer is asked. */
  readonly jwksUri?: string | undefined;
  /** A token with an unknown key makes the keys be read again, at most so often. */
  readonly keysCooldownMs: number;
}

/** The keys of an issuer. Disposing it ends the search for them. */
export interface IssuerKeys extends AsyncDisposable {
  /** Throws, saying why, as long as it is not known where they are. */
  get(): JWTVerifyGetKey;
}

/**
 * Finds out where the keys of an issuer are; an issuer that does not answer is asked until it does. Rejects when the answer is another
 * issuer's, which is a fault of the configuration, and when the signal is aborted.
 */
export async function findIssuerKeys(
  { issuer, jwksUri, keysCooldownMs: cooldownDuration }: IssuerConfig,
  { log, signal }: { readonly log: PluginLog; readonly signal: AbortSignal },
): Promise<IssuerKeys> {
  const closing = new AbortController();
  let found: JWTVerifyGetKey | undefined;
  let fault: unknown;
  const use = (uri: string): void => {
    found = readAgainAfterLeap(createRemoteJWKSet(new URL(uri), { cooldownDuration }), { log });
  };
  if (jwksUri === undefined) await look(signal);
  else use(jwksUri);
  signal.throwIfAborted();
  if (fault instanceof WrongIssuerError) throw fault;
  if (found === undefined)
    log.warn("the issuer does not answer; its tokens are turned away until it does", { err: fault });
  const searching = search();

  return {
    get() {
      if (found === undefined) throw fault;
      return found;
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await searching;
    },
  };

  async function look(until: AbortSignal): Promise<void> {
    const [outcome] = await Promise.allSettled([discoverKeys(issuer, { signal: until })]);
    if (outcome.status === "fulfilled") use(outcome.value);
    else fault = outcome.reason;
  }

  async function search(): Promise<void> {
    while (found === undefined && !closing.signal.aborted) {
      await pause(RETRY_MS, closing);
      await look(closing.signal);
      if (found !== undefined) log.info("the issuer answers now", { issuer });
    }
  }
}

/** A clock that goes back by less is being adjusted, in milliseconds. */
const LEAP_MS = 1000;

/** The library counts the age of the keys by the wall clock: after that went back, it would keep them, and ask for no others, for as long. */
function readAgainAfterLeap(
  keys: ReturnType<typeof createRemoteJWKSet>,
  { log }: { readonly log: PluginLog },
): JWTVerifyGetKey {
  let askedAtMs = Date.now();
  return async (header, token) => {
    const leapMs = askedAtMs - Date.now();
    askedAtMs = Date.now();
    if (leapMs > LEAP_MS) {
      const [read] = await Promise.allSettled([keys.reload()]);
      if (read.status === "rejected")
        log.warn("the clock went back, and the issuer's keys cannot be read again", { err: read.reason });
    }
    return keys(header, token);
  };
}
