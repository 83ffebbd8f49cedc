import { createRemoteJWKSet, type JWTVerifyGetKey } from "jose";
import { pause } from "../../lib/async/mod.ts";
import type { PluginLog } from "../contract/mod.ts";
import { discoverKeys, WrongIssuerError } from "./discovery.ts";

/** Delay between attempts to discover the keys of an issuer, in milliseconds. */
const RETRY_MS = 2000;

interface IssuerConfig {
  readonly issuer: string;
  /** Undefined: discovered from the issuer. */
  readonly jwksUri?: string | undefined;
  /** Shortest interval between reads of the keys because of unknown ones, in milliseconds. */
  readonly keysCooldownMs: number;
}

/** The keys of an issuer. Disposal ends their discovery. */
export interface IssuerKeys extends AsyncDisposable {
  /** Throws, with the reason, while their location is unknown. */
  get(): JWTVerifyGetKey;
}

/**
 * Discovers the keys of an issuer, and retries until it responds. Rejects when the response is of another issuer, which is an error of the
 * configuration, and when the signal is aborted.
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
  if (found === undefined) log.warn("issuer does not respond; refusing its tokens until it does", { err: fault });
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
      if (found !== undefined) log.info("issuer responds again", { issuer });
    }
  }
}

/** Largest adjustment of a clock that counts as normal, in milliseconds. */
const LEAP_MS = 1000;

/**
 * The library computes the age of the keys by the wall clock: after it was set back, it would neither drop them nor request others for as
 * long.
 */
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
        log.warn("the clock went back, and the issuer's keys cannot be read", { err: read.reason });
    }
    return keys(header, token);
  };
}
