import { isIP } from "node:net";
import { parseAddress as hostAndPort, isAddress } from "../../../cluster/mod.ts";

const REMOTE = /^(?<scheme>grpc|grpcs):\/\/(?<authority>[^@]+)$|^unix:(?<path>.+)$/;

/** Address of a remote plugin. */
export interface RemoteAddress {
  /** The target in gRPC's syntax. */
  readonly target: string;
  readonly isSecure: boolean;
}

/** Whether a reference is an address rather than a module. */
export function isRemote(plugin: string): boolean {
  return /^(grpcs?|unix):/.test(plugin);
}

/** Undefined unless the text is `grpc://host:port`, `grpcs://host:port` with a host name, or `unix:/path`. */
export function parseAddress(plugin: string): RemoteAddress | undefined {
  const { scheme, authority, path } = REMOTE.exec(plugin)?.groups ?? {};
  if (path !== undefined) return { target: `unix:${path.replace(/^\/\/(?=\/)/, "")}`, isSecure: false };
  if (authority === undefined || !isAddress(authority)) return undefined;
  // Node's TLS verifies certificates against names only, once a server name is sent.
  if (scheme === "grpcs" && isIP(hostAndPort(authority).host) !== 0) return undefined;
  return { target: `dns:${authority}`, isSecure: scheme === "grpcs" };
}
