import { readFile } from "node:fs/promises";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import { z } from "zod";
import { readableFile } from "../../../cluster/mod.ts";
import { LONGEST_DELAY_MS } from "../../../lib/async/mod.ts";
import type { RemoteAddress } from "./address.ts";

/** The configuration of a remote plugin: how to reach it, and its own section in `config`. */
export const remoteSettings = z
  .strictObject({
    config: z
      .record(z.string(), z.json())
      .default({})
      .describe("The plugin's own configuration, which the plugin checks when the gateway starts"),
    timeoutMs: z
      .int()
      .positive()
      .max(LONGEST_DELAY_MS)
      .default(10_000)
      .describe("The longest that one call may take, and one step of a stream of contents, in milliseconds"),
    caFile: readableFile
      .optional()
      .describe(
        "With `grpcs://`: PEM file of who may have signed the plugin's certificate; default those of the system",
      ),
    certFile: readableFile
      .optional()
      .describe("With `grpcs://`: PEM file of the certificate by which the gateway shows who it is"),
    keyFile: readableFile.optional().describe("With `grpcs://`: PEM file of its key"),
  })
  .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
    error: "certFile and keyFile come together",
  });

export type RemoteSettings = z.infer<typeof remoteSettings>;

/** Returns the problem of settings for an address; undefined if they are valid. */
export function tlsFault({ isSecure }: RemoteAddress, { caFile, certFile }: RemoteSettings): string | undefined {
  if (isSecure || (caFile ?? certFile) === undefined) return undefined;
  return "caFile, certFile and keyFile are for grpcs:// addresses";
}

/** Rejects if a file is not readable or not a certificate or key. */
export async function readCredentials(
  { isSecure }: RemoteAddress,
  { caFile, certFile, keyFile }: RemoteSettings,
): Promise<ChannelCredentials> {
  if (!isSecure) return credentials.createInsecure();
  const [ca, key, cert] = await Promise.all([caFile, keyFile, certFile].map((path) => path && readFile(path)));
  return credentials.createSsl(ca || null, key || null, cert || null);
}
