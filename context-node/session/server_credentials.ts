import { ServerCredentials } from "@grpc/grpc-js";
import type { Identity, Membership, Reloaded } from "../../cluster/mod.ts";

/** How sessions are secured. With an identity only gateways with a certificate of its authorities get as far as a stream. */
export function serverCredentials({ identity }: Pick<Membership, "identity">): ServerCredentials {
  return identity ? new MutualTls(identity) : ServerCredentials.createInsecure();
}

/** TLS on both ends. Connections that come after the identity has changed use the new one; those that are open stay. */
class MutualTls extends ServerCredentials {
  constructor(identity: Reloaded<Identity>) {
    super({ requestCert: true, rejectUnauthorized: true }, contextOf(identity.current));
    identity.onChange((changed) => this.updateSecureContextOptions(contextOf(changed)));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function contextOf({ cert, key, ca }: Identity) {
  return { cert, key, ca };
}
