import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import { type ChannelCredentials, type ChannelOptions, credentials } from "@grpc/grpc-js";
import { isLoopbackAddress, type Membership, parseAddress } from "../../cluster/mod.ts";

interface Target {
  /** `host:port`. */
  readonly address: string;
  readonly membership: Membership;
}

/** Credentials of a session. Throws for an address of another machine when neither a secret nor TLS would prove its identity. */
export function sessionCredentials({
  address,
  membership: { secrets, identity, insecure },
}: Target): ChannelCredentials {
  if (identity) {
    const { host } = parseAddress(address);
    return credentials.createFromSecureContext(identity.current.context, {
      checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
    });
  }
  if (secrets || insecure || isLoopbackAddress(address)) return credentials.createInsecure();
  throw new Error(
    `Cannot open a session to "${address}": it is another machine, and there is neither cluster.secret nor cluster.tls; or say --insecure`,
  );
}

/** TLS allows no IP addresses as server names, but grpc-js would send one. The certificate is still checked for the address. */
export function targetName({ address, membership: { identity } }: Target): ChannelOptions {
  return identity && isIP(parseAddress(address).host) !== 0 ? { "grpc.ssl_target_name_override": "hearth-node" } : {};
}
