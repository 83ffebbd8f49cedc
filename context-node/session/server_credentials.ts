import { ServerCredentials } from "@grpc/grpc-js";
import type { Identity, Membership, Reloaded } from "../../cluster/mod.ts";

/** Credentials of the session server. With an identity, only gateways with a certificate of its authorities can connect. */
export function serverCredentials({ identity }: Pick<Membership, "identity">): ServerCredentials {
  return identity ? new MutualTls(identity) : ServerCredentials.createInsecure();
}

/** Mutual TLS. New connections use a changed identity; open ones stay. */
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
