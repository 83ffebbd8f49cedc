import type { ConnectError } from "@connectrpc/connect";
import { isLoopbackHost } from "../../../cluster/mod.ts";
import type { HttpRequest } from "../../../lib/transcode/mod.ts";
import { hostRefused, originRefused } from "../../../proto/errors.ts";

/** Origins, such as `https://page.example`, whose pages may call the gateway; `*` for all. */
export type AllowedOrigins = "*" | readonly string[];

export interface OriginOptions {
  /** Undefined: all origins if callers are authenticated, otherwise those of this machine. */
  readonly allowed: AllowedOrigins | undefined;
  /** Whether callers without credentials are served. */
  readonly isOpen: boolean;
  /** The host that the gateway listens on. */
  readonly host: string;
}

/** Returns the reason to reject a request by its head alone; undefined if it may be served. */
export type OriginCheck = (request: HttpRequest) => ConnectError | undefined;

/** Browsers resolve every name below `localhost` to this machine. */
const LOCALHOST = /^(?:[^.]+\.)*localhost$/i;

const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])$/i;

/**
 * Keeps web pages from using a gateway that the browser can reach but the page's author cannot. It checks the `Origin` header, and the host
 * name of the request, which DNS rebinding cannot choose. Programs send no `Origin`.
 */
export function createOriginCheck({ allowed, isOpen, host }: OriginOptions): OriginCheck {
  if (allowed === "*" || (allowed === undefined && !isOpen)) return () => undefined;
  const origins = new Set(allowed);
  const names = new Set([...origins].map((origin) => new URL(origin).hostname));
  const isNameChecked = isOpen && isThisMachine(host);
  /** The last accepted authority: most requests have the same one. */
  let lastRight: string | undefined;

  /** Returns the host name if it is not acceptable for this gateway. */
  function findForeignName(authority: string | undefined): string | undefined {
    if (!isNameChecked || authority === lastRight) return undefined;
    const name = hostname(authority);
    if (name !== undefined && !isThisMachine(name) && !names.has(name)) return name;
    lastRight = authority;
    return undefined;
  }

  return (request) => {
    const authority = authorityOf(request);
    const foreign = findForeignName(authority);
    if (foreign !== undefined) return hostRefused(foreign);
    const { origin } = request.headers;
    if (origin === undefined) return isForeignWithoutOrigin(request) ? originRefused("another site") : undefined;
    if (origins.has(origin) || (allowed === undefined && isLocal(origin))) return undefined;
    if (isOwn(origin, authority) && !(isOpen && isRebindable(hostname(authority)))) return undefined;
    return originRefused(origin);
  };
}

function authorityOf({ headers }: HttpRequest): string | undefined {
  const pseudo: string | string[] | undefined = headers[":authority"];
  return typeof pseudo === "string" ? pseudo : headers.host;
}

/** The host of `host:port` in URL form: lower case, IPv6 in brackets. Returns an invalid authority unchanged. */
function hostname(authority: string | undefined): string | undefined {
  if (authority === undefined) return undefined;
  const url = `http://${authority}`;
  return URL.canParse(url) ? new URL(url).hostname : authority;
}

/** Whether a host, an IPv6 address with or without brackets, is reachable from this machine only. */
function isThisMachine(host: string): boolean {
  return LOCALHOST.test(host) || isLoopbackHost(host.replace(/^\[|\]$/g, ""));
}

function isLocal(origin: string): boolean {
  return /^https?:/.test(origin) && URL.canParse(origin) && isThisMachine(new URL(origin).hostname);
}

/** Whether the page comes from the host that it calls. */
function isOwn(origin: string, authority: string | undefined): boolean {
  return origin === `http://${authority}` || origin === `https://${authority}`;
}

/** Whether a name is resolved by public DNS. */
function isRebindable(name: string | undefined): boolean {
  return name === undefined || !(isThisMachine(name) || ADDRESS.test(name));
}

/**
 * Browsers send no `Origin` for images, links and the like, but they send whether the page is of another site
 * (https://www.w3.org/TR/fetch-metadata/). Following a link is harmless, unless it overrides the method.
 */
function isForeignWithoutOrigin({ method, headers, url = "" }: HttpRequest): boolean {
  if (headers["sec-fetch-site"] !== "cross-site") return false;
  const isRead = method === "GET" || method === "HEAD";
  return (
    !isRead || headers["sec-fetch-mode"] !== "navigate" || new URLSearchParams(url.split("?", 2)[1]).has("_method")
  );
}
