import { lookup } from "node:dns";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { IsAllowed } from "../../cluster/mod.ts";

/** Where requests may go. */
export interface Reach {
  readonly isAllowed: IsAllowed;
  /** The configuration key that allows more addresses, for the error that tells of one that is not allowed. */
  readonly allowKey: string;
}

interface Outgoing extends Reach {
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** The longest that it may take until its answer is read. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Sends a request, and resolves to what `read` makes of its answer; what it leaves unread is thrown away. Redirects are not
 * followed. Rejects when that took too long, and when the host has no allowed address: the connection goes to an address that was
 * checked, so a name that resolves to another one a moment later changes nothing.
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
    // A connection of its own: one that is kept alive would be of use to hosts that are called all the time only.
    agent: false,
    signal,
  });
  request.on("error", answer.reject);
  request.on("response", answer.resolve);
  request.end(body);
  return answer.promise;
}

/** The address of a URL that names one; none of one that names a host. */
export function literalAddress({ hostname }: URL): string[] {
  const address = hostname.replace(/^\[|\]$/g, "");
  return isIP(address) === 0 ? [] : [address];
}

/** Resolves names as the system does, to those of their addresses that are allowed. */
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
