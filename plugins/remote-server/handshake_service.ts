import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type HandshakeResponseSchema,
  type PluginService,
  PluginKind as RemoteKind,
} from "../../proto/remote_plugin.ts";
import type { PluginKind, PluginKinds } from "../contract/mod.ts";
import type { HostedPlugin } from "./hosted.ts";
import type { Methods } from "./methods.ts";

type Capabilities = NonNullable<MessageInitShape<typeof HandshakeResponseSchema>["capabilities"]>;

/** The kinds as they are on the wire. */
const KINDS: { readonly [Kind in PluginKind]: RemoteKind } = {
  auth: RemoteKind.AUTH,
  blobs: RemoteKind.BLOBS,
  dao: RemoteKind.DAO,
};

const CAPABILITIES: { readonly [Kind in PluginKind]: (started: PluginKinds[Kind]) => Capabilities } = {
  auth: ({ admitsAnyone }) => ({ case: "auth", value: { admitsAnyone } }),
  blobs: () => ({ case: "blobs", value: {} }),
  // A plugin that was built before there was an outbox has none.
  dao: ({ capabilities: { durable, shared }, outbox }) => ({
    case: "dao",
    value: { durable, shared, outbox: outbox !== undefined },
  }),
};

export function createPluginService<Kind extends PluginKind>({
  plugin,
  prepare,
}: HostedPlugin<Kind>): Methods<typeof PluginService> {
  const kind = KINDS[plugin.kind];
  const self = { contractVersion: plugin.contract, kind, name: plugin.name };
  return {
    async handshake(asked) {
      if (asked.contractVersion !== plugin.contract || asked.kind !== kind) return self;
      const prepared = await prepare(asked.config ?? {});
      if ("faults" in prepared) return { ...self, faults: [...prepared.faults] };
      return { ...self, capabilities: CAPABILITIES[plugin.kind](prepared.started) };
    },
  };
}
