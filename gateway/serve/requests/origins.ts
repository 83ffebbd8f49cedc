import type { ConnectError } from "@connectrpc/connect";
import { isLoopbackHost } from "../../../cluster/mod.ts";
import type { HttpRequest } from "../../../lib/transcode/mod.ts";
import { hostRefused, originRefused } from "../../../proto/errors.ts";

/** Origins, such as `https://page.example`, whose pages may call; or all. */
export type AllowedOrigins = "*" | readonly string[];

export interface OriginOptions {
  /** Undefined: all where callers are asked who they are, else those of this machine. */
  readonly allowed: AllowedOrigins | undefined;
  /** Whether anybody is let in. */
  readonly isOpen: boolean;
  /** That is listened on. */
  readonly host: string;
}

/** Why a request may not be served, by its head alone; undefined when it may. */
export type OriginCheck = (request: HttpRequest) => ConnectError | undefined;

/** Browsers take every name below it for this machine. */
const LOCALHOST = /^(?:[^.]+\.)*localhost$/i;

const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])$/i;

/**
 * Keeps pages that a browser shows from using a gateway that the browser reaches and their authors do not: by the origin that
 * browsers tell, and by the name under which the gateway is called, which DNS rebinding cannot choose. Programs send no origin.
 */
export function createOriginCheck({ allowed, isOpen, host }: OriginOptions): OriginCheck {
  if (allowed === "*" || (allowed === undefined && !isOpen)) return () => undefined;
  const origins = new Set(allowed);
  const names = new Set([...origins].map((origin) => new URL(origin).hostname));
  const isNameChecked = isOpen && isThisMachine(host);
  /** The authority that was found right last: most requests have the same one. */
  let lastRight: string | undefined;

  /** The name under which a gateway must not be called; undefined for any other. */
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

/** The host of `host:port` as URLs have it: lower case, IPv6 in brackets. What is no authority stays as it is. */
function hostname(authority: string | undefined): string | undefined {
  if (authority === undefined) return undefined;
  const url = `http://${authority}`;
  return URL.canParse(url) ? new URL(url).hostname : authority;
}

/** Whether a host, an IPv6 address with brackets or without, is reached from this machine alone. */
function isThisMachine(host: string): boolean {
  return LOCALHOST.test(host) || isLoopbackHost(host.replace(/^\[|\]$/g, ""));
}

function isLocal(origin: string): boolean {
  return /^https?:/.test(origin) && URL.canParse(origin) && isThisMachine(new URL(origin).hostname);
}

/** Whether a page came from where it calls. */
function isOwn(origin: string, authority: string | undefined): boolean {
  return origin === `http://${authority}` || origin === `https://${authority}`;
}

/** Whether somebody's DNS says where this name leads. */
function isRebindable(name: string | undefined): boolean {
  return name === undefined || !(isThisMachine(name) || ADDRESS.test(name));
}

/**
 * Browsers tell no origin of images, links and the like, but whether they are on another site's page
 * (https://www.w3.org/TR/fetch-metadata/). Following a link is harmless, unless it asks for another method than it has.
 */
function isForeignWithoutOrigin({ method, headers, url = "" }: HttpRequest): boolean {
  if (headers["sec-fetch-site"] !== "cross-site") return false;
  const isRead = method === "GET" || method === "HEAD";
  return (
    !isRead || headers["sec-fetch-mode"] !== "navigate" || new URLSearchParams(url.split("?", 2)[1]).has("_method")
  );
}
