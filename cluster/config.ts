import { createSecretKey, type KeyObject } from "node:crypto";
import { z } from "zod";
import type { NatsAccess } from "./nats.ts";
import { fileContent, readableFile } from "./readable.ts";

/** A shorter one could be guessed from what goes over the wire. */
const SHORTEST_SECRET = 16;

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
  .prefault({});

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
    secretFile: fileContent
      .transform((bytes) => bytes.toString("utf8").trim())
      .pipe(z.string().min(SHORTEST_SECRET))
      .optional()
      .describe(
        `File with the secret instead, of at least ${SHORTEST_SECRET} characters; white space around it does not count`,
      ),
    tls: z
      .strictObject({
        cert: fileContent.describe(
          "PEM file of our certificate; that of a node must name the host under which it is announced",
        ),
        key: fileContent.describe("PEM file of its key"),
        ca: fileContent.describe("PEM file of the authorities that certificates of gateways and nodes are of"),
      })
      .optional()
      .describe("Sessions go over TLS, and both ends show a certificate"),
    insecure: z
      .boolean()
      .default(false)
      .describe("Lets nodes listen, and gateways connect, to other machines although nothing proves who is there"),
  })
  .refine(({ secret, secretFile }) => secret === undefined || secretFile === undefined, {
    ...{ error: "secret or secretFile, not both", when: isObject },
  })
  .transform(({ secret, secretFile = secret, tls, insecure }): Cluster => {
    return { secret: secretFile === undefined ? undefined : createSecretKey(secretFile, "utf8"), tls, insecure };
  })
  .prefault({});

/** A certificate with its key and the authorities that others' certificates must be of, in PEM. */
export interface Identity {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

/** By what gateways and nodes know each other. */
export interface Cluster {
  readonly secret: KeyObject | undefined;
  readonly tls: Identity | undefined;
  /** Whether other machines are talked to although there is neither. */
  readonly insecure: boolean;
}

/** What nothing was said of: whoever is on this machine is one of ours, nobody else. */
export const LOOPBACK_CLUSTER: Cluster = { secret: undefined, tls: undefined, insecure: false };

/** Lets a rule about keys of a section speak up although other keys of it are wrong. */
function isObject({ value }: { readonly value: unknown }): boolean {
  return typeof value === "object" && value !== null;
}
