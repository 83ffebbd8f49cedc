import type { Logger } from "pino";
import type { Cluster } from "../configuration/sections.ts";
import { type Current, Reloaded } from "../files/reloaded.ts";
import { readSecrets, type Secrets } from "./secrets.ts";
import { type Identity, readIdentity } from "./tls_identity.ts";

/** Current secrets and certificate with which gateways and nodes authenticate each other. Disposing it stops watching the files. */
export interface Membership extends Disposable {
  readonly secrets: Current<Secrets> | undefined;
  /** If present, sessions use mutual TLS. */
  readonly identity: Reloaded<Identity> | undefined;
  /** Whether to connect to other machines without a secret or a certificate. */
  readonly insecure: boolean;
}

/** Reads the files of a configuration, and reads them again when they change. Throws if a file is invalid. */
export function openMembership(
  { secret, tls, insecure }: Cluster,
  options: { readonly log: Pick<Logger, "info" | "error"> },
): Membership {
  using opening = new DisposableStack();
  const secrets = secret && openSecrets(secret, { ...options, opening });
  const identity =
    tls &&
    opening.use(
      new Reloaded({ what: "cluster.tls", paths: [tls.cert, tls.key, tls.ca] }, () => readIdentity(tls), options),
    );
  const opened = opening.move();
  return { secrets, identity, insecure, [Symbol.dispose]: () => opened.dispose() };
}

function openSecrets(
  secret: NonNullable<Cluster["secret"]>,
  { opening, log }: { readonly opening: DisposableStack; readonly log: Pick<Logger, "info" | "error"> },
): Current<Secrets> {
  if (!("file" in secret)) return { current: secret };
  const { file } = secret;
  return opening.use(new Reloaded({ what: "cluster.secretFile", paths: [file] }, () => readSecrets(file), { log }));
}
