import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type HandshakeResponseSchema,
  type PluginService,
  PluginKind as RemoteKind,
} from "../../proto/remote_plugin.ts";
import type { PluginKinds } from "../contract/mod.ts";
import type { HostedPlugin, ServedKind } from "./hosted.ts";
import type { Methods } from "./methods.ts";

type Capabilities = NonNullable<MessageInitShape<typeof HandshakeResponseSchema>["capabilities"]>;

interface Kinds<Kind extends ServedKind> {
  readonly kind: RemoteKind;
  readonly capabilitiesOf: (started: PluginKinds[Kind]) => Capabilities;
}

export const DAO: Kinds<"dao"> = {
  kind: RemoteKind.DAO,
  capabilitiesOf: ({ capabilities: { durable, shared } }) => ({ case: "dao", value: { durable, shared } }),
};

export const AUTH: Kinds<"auth"> = {
  kind: RemoteKind.AUTH,
  capabilitiesOf: ({ admitsAnyone }) => ({ case: "auth", value: { admitsAnyone } }),
};

export function createPluginService<Kind extends ServedKind>(
  hosted: HostedPlugin<Kind>,
  { kind, capabilitiesOf }: Kinds<Kind>,
): Methods<typeof PluginService> {
  const { contract, name } = hosted.plugin;
  const self = { contractVersion: contract, kind, name };
  return {
    async handshake(asked) {
      if (asked.contractVersion !== contract || asked.kind !== kind) return self;
      const prepared = await hosted.prepare(asked.config ?? {});
      if ("faults" in prepared) return { ...self, faults: [...prepared.faults] };
      return { ...self, capabilities: capabilitiesOf(prepared.started) };
    },
  };
}
