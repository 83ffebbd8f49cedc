import { readFile } from "node:fs/promises";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import { z } from "zod";
import type { RemoteAddress } from "./address.ts";

const file = z.string().min(1).optional();

/** The configuration of a plugin out of process: how to reach it, and in `config` what is its own. */
export const remoteSettings = z
  .strictObject({
    /** The plugin's own part, which it checks itself. */
    config: z.record(z.string(), z.json()).default({}),
    /** The longest that one call may take, in milliseconds. */
    timeoutMs: z
      .int()
      .positive()
      .max(2 ** 31 - 1)
      .default(10_000),
    /** For grpcs: certificates (PEM) of who may have signed the plugin's; default those of the system. */
    caFile: file,
    /** For grpcs: the certificate (PEM) by which the gateway shows who it is, and its key. */
    certFile: file,
    keyFile: file,
  })
  .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
    error: "certFile and keyFile come together",
  });

export type RemoteSettings = z.infer<typeof remoteSettings>;

/** What is wrong with settings for an address; undefined when nothing is. */
export function tlsFault({ isSecure }: RemoteAddress, { caFile, certFile }: RemoteSettings): string | undefined {
  if (isSecure || (caFile ?? certFile) === undefined) return undefined;
  return "caFile, certFile and keyFile are for grpcs:// addresses";
}

/** Rejects when a file cannot be read or is no certificate or key. */
export async function readCredentials(
  { isSecure }: RemoteAddress,
  { caFile, certFile, keyFile }: RemoteSettings,
): Promise<ChannelCredentials> {
  if (!isSecure) return credentials.createInsecure();
  const [ca, key, cert] = await Promise.all([caFile, keyFile, certFile].map((path) => path && readFile(path)));
  return credentials.createSsl(ca || null, key || null, cert || null);
}
