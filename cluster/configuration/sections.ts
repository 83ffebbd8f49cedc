import { createSecretKey } from "node:crypto";
import { resolve } from "node:path";
import { z } from "zod";
import { readableFile as readable } from "../../plugins/files/mod.ts";
import { readSecrets, type Secrets, SHORTEST_SECRET } from "../identity/secrets.ts";
import { type IdentityFiles, readIdentity } from "../identity/tls_identity.ts";
import type { NatsAccess } from "../nats/access.ts";

/** Path of a readable file. A relative path is relative to the working directory; the value is absolute. */
export const readableFile = readable.transform((path) => resolve(path)).meta({ title: "path of a file" });

/** Section `nats` of the configuration file, for gateways and nodes. */
export const natsSection = z
  .strictObject({
    url: z
      .string()
      .min(1)
      .default("nats://127.0.0.1:4222")
      .describe("Address of NATS: `nats://host:port`, or several servers of a cluster, separated by commas"),
    tls: z
      .strictObject({
        ca: readableFile
          .optional()
          .describe(
            "PEM file of the authorities that may issue the server's certificate. Default: those that the machine trusts",
          ),
        cert: readableFile.optional().describe("PEM file of the client certificate, for a server that requires one"),
        key: readableFile.optional().describe("PEM file of its key"),
      })
      .refine(({ cert, key }) => (cert === undefined) === (key === undefined), "cert and key go together")
      .optional()
      .describe("Requires TLS of the server; `{}` trusts the authorities of the machine"),
    credentialsFile: readableFile
      .optional()
      .describe("Credentials file (JWT and seed) of a NATS user; read again with each connection"),
    user: z.string().min(1).optional().describe("Name of a NATS user with a password"),
    passwordFile: readableFile.optional().describe("File with the password of `user`; read again with each connection"),
    tokenFile: readableFile.optional().describe("File with a token of NATS; read again with each connection"),
  })
  .refine(({ user, passwordFile }) => user !== undefined || passwordFile === undefined, {
    ...{ error: "passwordFile needs a user", when: isObject },
  })
  .refine(
    ({ credentialsFile, user, tokenFile }) =>
      [credentialsFile, user, tokenFile].filter((way) => way !== undefined).length < 2,
    { error: "only one of credentialsFile, user and tokenFile can be used", when: isObject },
  )
  .transform(({ url, ...access }): NatsAccess => ({ url, ...access }))
  .prefault({})
  .describe("How gateways and nodes reach NATS: [security.md](security.md#nats)");

/** Section `cluster` of the configuration file, for gateways and nodes. */
export const clusterSection = z
  .strictObject({
    secret: z
      .string()
      .min(SHORTEST_SECRET)
      .optional()
      .describe("Secret that only gateways and nodes know. They prove it to each other without sending it"),
    secretFile: readableFile
      .superRefine(usable(readSecrets))
      .optional()
      .describe(
        `File with secrets instead, one a line, of at least ${SHORTEST_SECRET} characters each. Gateways and nodes use the first and accept all. Read again when it changes`,
      ),
    tls: z
      .strictObject({
        cert: readableFile.describe(
          "PEM file of the certificate. A node's certificate must name the host that the node announces",
        ),
        key: readableFile.describe("PEM file of its key"),
        ca: readableFile.describe("PEM file of the authorities that issue the certificates of gateways and nodes"),
      })
      .superRefine(usable(readIdentity))
      .optional()
      .describe("Sessions use TLS, and both ends present a certificate. The files are read again when they change"),
    insecure: z
      .boolean()
      .default(false)
      .describe("Lets nodes listen on, and gateways connect to, other machines without mutual authentication"),
  })
  .refine(({ secret, secretFile }) => secret === undefined || secretFile === undefined, {
    ...{ error: "secret or secretFile, not both", when: isObject },
  })
  .transform(({ secret, secretFile, tls, insecure }): Cluster => {
    const written = secret === undefined ? undefined : ([createSecretKey(secret, "utf8")] as const);
    return { secret: secretFile === undefined ? written : { file: secretFile }, tls, insecure };
  })
  .prefault({})
  .describe("How gateways and nodes authenticate each other: [security.md](security.md#gateways-and-nodes)");

/** How gateways and nodes authenticate each other. */
export interface Cluster {
  readonly secret: Secrets | { readonly file: string } | undefined;
  readonly tls: IdentityFiles | undefined;
  /** Whether to connect to other machines without a secret or a certificate. */
  readonly insecure: boolean;
}

/** The default: every process of this machine belongs to the cluster, and no other. */
export const LOOPBACK_CLUSTER: Cluster = { secret: undefined, tls: undefined, insecure: false };

/** Turns an error of reading a file into a fault of the configuration. */
function usable<Value>(read: (value: Value) => unknown) {
  return (value: Value, context: z.core.$RefinementCtx<Value>): void => {
    try {
      read(value);
    } catch (error) {
      context.addIssue({ code: "custom", message: `cannot be used: ${(error as Error).message}` });
    }
  };
}

/** Runs a rule between keys of a section even if other keys of it are invalid. */
function isObject({ value }: { readonly value: unknown }): boolean {
  return typeof value === "object" && value !== null;
}
