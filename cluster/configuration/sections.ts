import { createSecretKey } from "node:crypto";
import { resolve } from "node:path";
import { z } from "zod";
import { readableFile as readable } from "../../plugins/files/mod.ts";
import { readSecrets, type Secrets, SHORTEST_SECRET } from "../identity/secrets.ts";
import { type IdentityFiles, readIdentity } from "../identity/tls_identity.ts";
import type { NatsAccess } from "../nats/access.ts";

/** Path of a readable file. A relative path is relative to the working directory; the value is absolute. */
export const readableFile = readable.transform((path) => resolve(path)).meta({ title: "path of a file" });

/** Section `nats` of the configuration file, which gateways and nodes have in common. */
export const natsSection = z
  .strictObject({
    url: z
      .string()
      .min(1)
      .default("nats://127.0.0.1:4222")
      .describe("Where NATS is: `nats://host:port`, or several servers of a cluster with commas between them"),
    tls: z
      .strictObject({
        ca: readableFile
          .optional()
          .describe(
            "PEM file of the authorities that the server's certificate must be of; default those that the machine trusts",
          ),
        cert: readableFile.optional().describe("PEM file of our certificate, for a server that asks for one"),
        key: readableFile.optional().describe("PEM file of its key"),
      })
      .refine(({ cert, key }) => (cert === undefined) === (key === undefined), "cert and key go together")
      .optional()
      .describe("Demands TLS of the server; `{}` trusts the authorities that the machine trusts"),
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

/** Section `cluster` of the configuration file, which gateways and nodes have in common. */
export const clusterSection = z
  .strictObject({
    secret: z
      .string()
      .min(SHORTEST_SECRET)
      .optional()
      .describe(
        "Known to all gateways and nodes and to nobody else: they prove it to each other, and it never goes over the wire",
      ),
    secretFile: readableFile
      .superRefine(usable(readSecrets))
      .optional()
      .describe(
        `File with secrets instead, one a line, of at least ${SHORTEST_SECRET} characters each: the first is proved, all are accepted. Read again when it changes`,
      ),
    tls: z
      .strictObject({
        cert: readableFile.describe(
          "PEM file of our certificate; that of a node must name the host under which it is announced",
        ),
        key: readableFile.describe("PEM file of its key"),
        ca: readableFile.describe("PEM file of the authorities that certificates of gateways and nodes are of"),
      })
      .superRefine(usable(readIdentity))
      .optional()
      .describe("Sessions go over TLS, and both ends show a certificate. The files are read again when they change"),
    insecure: z
      .boolean()
      .default(false)
      .describe("Lets nodes listen, and gateways connect, to other machines although nothing proves who is there"),
  })
  .refine(({ secret, secretFile }) => secret === undefined || secretFile === undefined, {
    ...{ error: "secret or secretFile, not both", when: isObject },
  })
  .transform(({ secret, secretFile, tls, insecure }): Cluster => {
    const written = secret === undefined ? undefined : ([createSecretKey(secret, "utf8")] as const);
    return { secret: secretFile === undefined ? written : { file: secretFile }, tls, insecure };
  })
  .prefault({})
  .describe("By what gateways and nodes know each other: [security.md](security.md#gateways-and-nodes)");

/** By what gateways and nodes are to know each other. */
export interface Cluster {
  readonly secret: Secrets | { readonly file: string } | undefined;
  readonly tls: IdentityFiles | undefined;
  /** Whether other machines are talked to although there is neither. */
  readonly insecure: boolean;
}

/** What nothing was said of: whoever is on this machine is one of ours, nobody else. */
export const LOOPBACK_CLUSTER: Cluster = { secret: undefined, tls: undefined, insecure: false };

/** Makes what reading throws a fault of the configuration. */
function usable<Value>(read: (value: Value) => unknown) {
  return (value: Value, context: z.core.$RefinementCtx<Value>): void => {
    try {
      read(value);
    } catch (error) {
      context.addIssue({ code: "custom", message: `cannot be used: ${(error as Error).message}` });
    }
  };
}

/** Lets a rule about keys of a section speak up although other keys of it are wrong. */
function isObject({ value }: { readonly value: unknown }): boolean {
  return typeof value === "object" && value !== null;
}
