import type { ChannelCredentials } from "@grpc/grpc-js";
import { explainIssues, PARSE_OPTIONS } from "../../../cluster/mod.ts";
import { PluginError } from "../plugin_error.ts";
import { parseAddress, type RemoteAddress } from "./address.ts";
import { type RemoteSettings, readCredentials, remoteSettings, tlsFault } from "./remote_settings.ts";

/** How to reach a remote plugin. */
export interface Reach {
  readonly address: RemoteAddress;
  readonly settings: RemoteSettings;
  readonly credentials: ChannelCredentials;
}

/** Validates the configuration of a remote plugin, without connecting. Rejects with a PluginError. */
export async function parseReach({
  plugin,
  config,
}: {
  readonly plugin: string;
  readonly config: unknown;
}): Promise<Reach> {
  const address = parseAddress(plugin);
  if (address === undefined) {
    throw new PluginError(plugin, "load", { fault: "not a valid grpc://HOST:PORT, grpcs://NAME:PORT or unix:/PATH" });
  }
  const checked = remoteSettings.safeParse(config, PARSE_OPTIONS);
  if (!checked.success) throw new PluginError(plugin, "configure", { faults: explainIssues(checked.error.issues) });
  const misplaced = tlsFault(address, checked.data);
  if (misplaced !== undefined) throw new PluginError(plugin, "configure", { faults: [{ where: "", what: misplaced }] });
  const credentials = await readCredentials(address, checked.data).catch((cause) => {
    throw new PluginError(plugin, "configure", { faults: [{ where: "", what: cause.message }], cause });
  });
  return { address, settings: checked.data, credentials };
}
