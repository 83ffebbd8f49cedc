import { createSecretKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import type { NatsAccess } from "./nats.ts";

/** A shorter one could be guessed from what goes over the wire. */
const SHORTEST_SECRET = 16;

/** A path, relative to the working directory, of a file that can be read. */
const file = z
  .string()
  .min(1)
  .transform((path, context) => {
    const absolute = resolve(path);
    readOrFault(absolute, context);
    return absolute;
  });

/** The same, as its content. */
const content = z
  .string()
  .min(1)
  .transform((path, context) => readOrFault(resolve(path), context));

/** Section `nats` of the configuration file, which gateways and nodes have in common. */
export const natsSection = z
  .strictObject({
    /** Where NATS is: `nats://host:port`, or several with commas between them. `--nats` and `NATS_URL` override it. */
    url: z.string().min(1).default("nats://127.0.0.1:4222"),
    /** Demands TLS of the server; `{}` trusts the authorities that the machine trusts. */
    tls: z
      .strictObject({
        /** PEM file of the authorities that the server's certificate must be of. */
        ca: file.optional(),
        /** PEM file of our certificate, for a server that asks for one. */
        cert: file.optional(),
        /** PEM file of its key. */
        key: file.optional(),
      })
      .refine(({ cert, key }) => (cert === undefined) === (key === undefined), "cert and key go together")
      .optional(),
    /** Credentials file (JWT and seed) of a NATS user; read again with each connection. */
    credentialsFile: file.optional(),
    /** Name of a NATS user with a password. */
    user: z.string().min(1).optional(),
    /** File with the password of `user`; read again with each connection. */
    passwordFile: file.optional(),
    /** File with a token of NATS; read again with each connection. */
    tokenFile: file.optional(),
  })
  .refine(({ user, passwordFile }) => user !== undefined || passwordFile === undefined, "passwordFile needs a user")
  .refine(
    ({ credentialsFile, user, tokenFile }) =>
      [credentialsFile, user, tokenFile].filter((way) => way !== undefined).length < 2,
    "only one of credentialsFile, user and tokenFile can be used",
  )
  .transform(({ url, ...access }): NatsAccess => ({ url, ...access }))
  .prefault({});

/** Section `cluster` of the configuration file, which gateways and nodes have in common. */
export const clusterSection = z
  .strictObject({
    /** Known to all gateways and nodes and to nobody else: they prove it to each other, and it never goes over the wire. At least 16 characters. */
    secret: z.string().min(SHORTEST_SECRET).optional(),
    /** File with the secret instead. */
    secretFile: content
      .transform((bytes) => bytes.toString("utf8").trim())
      .pipe(z.string().min(SHORTEST_SECRET))
      .optional(),
    /** Sessions go over TLS, and both ends show a certificate. */
    tls: z
      .strictObject({
        /** PEM file of our certificate; that of a node must name the host under which it is announced. */
        cert: content,
        /** PEM file of its key. */
        key: content,
        /** PEM file of the authorities that certificates of gateways and nodes are of. */
        ca: content,
      })
      .optional(),
    /** Lets nodes listen, and gateways connect, to other machines although nothing proves who is there. `--insecure` says the same. */
    insecure: z.boolean().default(false),
  })
  .refine(
    ({ secret, secretFile }) => secret === undefined || secretFile === undefined,
    "secret or secretFile, not both",
  )
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

function readOrFault(path: string, context: z.core.$RefinementCtx): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    context.addIssue({ code: "custom", message: `cannot be read: ${(error as Error).message}` });
    return z.NEVER;
  }
}
