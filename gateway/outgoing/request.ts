import { lookup } from "node:dns";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { IsAllowed } from "../../cluster/mod.ts";

/** The addresses that requests may reach. */
export interface Reach {
  readonly isAllowed: IsAllowed;
  /** The configuration key that allows more addresses, for the error about a forbidden one. */
  readonly allowKey: string;
}

interface Outgoing extends Reach {
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Maximum time until the response is read. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Sends a request, and resolves to what `read` returns for the response; the unread rest is discarded. Does not follow redirects. Rejects
 * on timeout, and if the host has no allowed address. It connects to the very address that was checked, so that a later change of the
 * name's address has no effect.
 */
export async function sendRequest<Answer>(
  url: URL,
  { timeoutMs, ...outgoing }: Outgoing,
  read: (response: IncomingMessage) => Promise<Answer>,
): Promise<Answer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await open(url, { ...outgoing, signal: AbortSignal.any([timeout, outgoing.signal]) });
    using _ = { [Symbol.dispose]: () => response.destroy() };
    return await read(response);
  } catch (error) {
    throw timeout.aborted ? new Error(`no answer in ${timeoutMs} ms`, { cause: error }) : error;
  }
}

async function open(url: URL, outgoing: Omit<Outgoing, "timeoutMs">): Promise<IncomingMessage> {
  const { body, headers, isAllowed, allowKey, method, signal } = outgoing;
  const forbidden = literalAddress(url).find((address) => !isAllowed(address));
  if (forbidden !== undefined) throw forbiddenAddress(forbidden, allowKey);
  const answer = Promise.withResolvers<IncomingMessage>();
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  const request = send(url, {
    method,
    headers: body === undefined ? headers : { ...headers, "content-length": String(Buffer.byteLength(body)) },
    lookup: lookupAllowed({ isAllowed, allowKey }),
    // No keep-alive: it would help only with hosts that are called all the time.
    agent: false,
    signal,
  });
  request.on("error", answer.reject);
  request.on("response", answer.resolve);
  request.end(body);
  return answer.promise;
}

/** The IP address of a URL whose host is one; empty for a host name. */
export function literalAddress({ hostname }: URL): string[] {
  const address = hostname.replace(/^\[|\]$/g, "");
  return isIP(address) === 0 ? [] : [address];
}

/** Resolves names as the system does, to their allowed addresses. */
function lookupAllowed({ isAllowed, allowKey }: Reach): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const allowed = error === null ? addresses.filter(({ address }) => isAllowed(address)) : [];
      const [first] = allowed;
      if (error !== null || first === undefined) callback(error ?? forbiddenAddress(hostname, allowKey), []);
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

function forbiddenAddress(host: string, allowKey: string): Error {
  return new Error(`${host} is not on the public internet, and ${allowKey} does not allow it`);
}
