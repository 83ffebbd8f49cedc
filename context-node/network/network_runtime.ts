import { networkInterfaces } from "node:os";
import { type IpRange, parseIpAddress } from "../../cluster/mod.ts";
import type { ContextSettings } from "../../proto/node.ts";
import type { Runtime } from "../runtime/mod.ts";
import type { NetworkPolicy } from "./policy.ts";
import { type Answer, reachOf } from "./reach.ts";

/** A context that asks for network access. */
interface Asker {
  /** Name of the context. */
  readonly name: string;
  readonly settings: ContextSettings;
}

/** The network policy of a node, and whether it can be enforced. */
export interface NetworkBounds {
  readonly policy: NetworkPolicy;
  /** Whether names can be restricted to IPv4 addresses. */
  readonly isResolverBounded: boolean;
}

const UNBOUNDED =
  "Names may resolve to private IPv6 addresses, and to IPv4 ones that are written so: the machine of the node has no glibc from 2.36 on " +
  "that asks files and DNS alone for hosts (nsswitch.conf, and no nscd)";

/**
 * Decorates a runtime with network access: a sandbox may connect to what its settings ask for and the policy allows. Disposal disposes the
 * runtime.
 */
export function withNetwork(runtime: Runtime, { policy }: Pick<NetworkBounds, "policy">): Runtime {
  return {
    async startSandbox(spec, options) {
      const { permissions } = spec.settings;
      if (permissions === undefined || permissions.net.length === 0) return runtime.startSandbox(spec, options);
      const { net, reach } = answer(spec, policy);
      const settings = { ...spec.settings, permissions: { ...permissions, net: [...net] } };
      return runtime.startSandbox({ ...spec, settings, reach }, options);
    },
    [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose](),
  };
}

/** Sentences about what is withheld from a context, and what cannot be enforced. */
export function networkWarnings(asker: Asker, { policy, isResolverBounded }: NetworkBounds): string[] {
  if ((asker.settings.permissions?.net ?? []).length === 0) return [];
  const { reach, withheld } = answer(asker, policy);
  const isUnbounded = !isResolverBounded && reach?.hasNames === true && !reach.isIpv6Resolved;
  return isUnbounded ? [...withheld, UNBOUNDED] : [...withheld];
}

function answer({ name, settings }: Asker, policy: NetworkPolicy): Answer {
  return reachOf({ context: name, net: settings.permissions?.net ?? [], policy, own: ownAddresses() });
}

/** Addresses that reach this machine, like loopback. */
function ownAddresses(): IpRange[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.flatMap(({ address }) => parseIpAddress(address) ?? []);
}
