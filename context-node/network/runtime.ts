import { networkInterfaces } from "node:os";
import { type IpRange, parseIpAddress } from "../../cluster/mod.ts";
import type { ContextSettings } from "../../proto/node.ts";
import type { Reach, Runtime } from "../runtime/mod.ts";
import type { NetworkPolicy } from "./policy.ts";
import { ReachRefused, reachOf } from "./reach.ts";

/** A context that asks for a network. */
interface Asker {
  /** The name of the context. */
  readonly name: string;
  readonly settings: ContextSettings;
}

/**
 * The runtime with a network: a sandbox may connect to what its settings ask for. A sandbox is refused when the policy does not allow all
 * of that. Disposing it disposes the runtime.
 */
export function withNetwork(runtime: Runtime, { policy }: { readonly policy: NetworkPolicy }): Runtime {
  return {
    async startSandbox(spec, options) {
      const reach = reachFor(spec, policy);
      if (reach instanceof Error) throw reach;
      return runtime.startSandbox({ ...spec, reach }, options);
    },
    [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose](),
  };
}

/** Why a context may not have the network that it asks for; undefined when it may. */
export function refuseNetwork(asker: Asker, policy: NetworkPolicy): string | undefined {
  const reach = reachFor(asker, policy);
  return reach instanceof ReachRefused ? reach.message : undefined;
}

function reachFor({ name, settings }: Asker, policy: NetworkPolicy): Reach | ReachRefused | undefined {
  const net = settings.permissions?.net ?? [];
  return net.length === 0 ? undefined : reachOf({ context: name, net, policy, own: ownAddresses() });
}

/** What connects to these reaches this machine, as loopback does. */
function ownAddresses(): IpRange[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.flatMap(({ address }) => parseIpAddress(address) ?? []);
}
