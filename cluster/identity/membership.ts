import type { Logger } from "pino";
import type { Cluster } from "../configuration/sections.ts";
import { type Current, Reloaded } from "../files/reloaded.ts";
import { readSecrets, type Secrets } from "./secrets.ts";
import { type Identity, readIdentity } from "./tls_identity.ts";

/** By what gateways and nodes know each other, as it is now. Disposing it ends the watch over its files. */
export interface Membership extends Disposable {
  readonly secrets: Current<Secrets> | undefined;
  /** Present: sessions go over TLS, and both ends show a certificate. */
  readonly identity: Reloaded<Identity> | undefined;
  /** Whether other machines are talked to although there is neither. */
  readonly insecure: boolean;
}

/** Reads the files of a configuration, and again when they change. Throws when one of them cannot be used. */
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
