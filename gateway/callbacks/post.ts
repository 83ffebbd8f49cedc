import { lookup } from "node:dns";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import type { IsAllowed } from "./addresses.ts";
import { literalAddress } from "./url.ts";

interface Post {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isAllowed: IsAllowed;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Sends a POST and resolves to the status of the answer, whose body is not read. Redirects are not followed. Rejects when there
 * is no answer in time, and when the host has no allowed address: the connection goes to an address that was checked, so a
 * name that resolves to another one a moment later changes nothing.
 */
export async function post(url: URL, { headers, body, isAllowed, timeoutMs, signal }: Post): Promise<number> {
  const forbidden = literalAddress(url).find((address) => !isAllowed(address));
  if (forbidden !== undefined) throw forbiddenAddress(forbidden);
  const timeout = AbortSignal.timeout(timeoutMs);
  const answer = Promise.withResolvers<number>();
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  const outgoing = request(url, {
    method: "POST",
    headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
    lookup: lookupAllowed(isAllowed),
    // A connection of its own: one that is kept alive would be of use to hosts that are called all the time only.
    agent: false,
    signal: AbortSignal.any([timeout, signal]),
  });
  outgoing.on("error", (error) =>
    answer.reject(timeout.aborted ? new Error(`no answer in ${timeoutMs} ms`, { cause: error }) : error),
  );
  outgoing.on("response", (response) => {
    answer.resolve(response.statusCode ?? 0);
    response.destroy();
  });
  outgoing.end(body);
  return answer.promise;
}

/** Resolves names as the system does, to those of their addresses that are allowed. */
function lookupAllowed(isAllowed: IsAllowed): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const allowed = error === null ? addresses.filter(({ address }) => isAllowed(address)) : [];
      const [first] = allowed;
      if (error !== null || first === undefined) callback(error ?? forbiddenAddress(hostname), []);
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

function forbiddenAddress(host: string): Error {
  return new Error(`${host} is not on the public internet, and gateway.callbacks.allow does not allow it`);
}
