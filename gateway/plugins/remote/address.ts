import { isIP } from "node:net";
import { parseAddress as hostAndPort, isAddress } from "../../../cluster/mod.ts";

const REMOTE = /^(?<scheme>grpc|grpcs):\/\/(?<authority>[^@]+)$|^unix:(?<path>.+)$/;

/** Where a plugin out of process listens. */
export interface RemoteAddress {
  /** As gRPC names it. */
  readonly target: string;
  readonly isSecure: boolean;
}

/** Whether a plugin's reference names an address rather than a module. */
export function isRemote(plugin: string): boolean {
  return /^(grpcs?|unix):/.test(plugin);
}

/** Undefined for what is not `grpc://host:port`, `grpcs://host:port` with the name of a host, or `unix:/path`. */
export function parseAddress(plugin: string): RemoteAddress | undefined {
  const { scheme, authority, path } = REMOTE.exec(plugin)?.groups ?? {};
  if (path !== undefined) return { target: `unix:${path.replace(/^\/\/(?=\/)/, "")}`, isSecure: false };
  if (authority === undefined || !isAddress(authority)) return undefined;
  // Node's TLS checks certificates for names only, once a server's name is sent.
  if (scheme === "grpcs" && isIP(hostAndPort(authority).host) !== 0) return undefined;
  return { target: `dns:${authority}`, isSecure: scheme === "grpcs" };
}
