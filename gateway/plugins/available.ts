import { type Waiting, whenAvailable } from "../../cluster/mod.ts";
import { UNREACHABLE_CODES } from "../../lib/network/mod.ts";
import { isStoreUnavailable, type PluginKind, type PluginKinds, type StoreState } from "../../plugins/contract/mod.ts";
import { type PluginReference, type StartOptions, startPlugin } from "./host.ts";
import { PluginError } from "./plugin_error.ts";
import { RemoteCallError } from "./remote/mod.ts";
import { StartTimeout } from "./start_timeout.ts";

/** States of a store that may end without intervention. */
const PASSING: ReadonlySet<StoreState> = new Set(["away", "busy", "readOnly"]);

/**
 * Like `startPlugin`, with retries and back-off while the plugin or its back end is unavailable. Rejects with a PluginError if a retry
 * cannot help.
 */
export function startPluginWhenAvailable<Kind extends PluginKind>(
  kind: Kind,
  reference: PluginReference,
  { onWait, ...options }: StartOptions & Pick<Waiting, "onWait">,
): Promise<PluginKinds[Kind]> {
  const { signal } = options;
  const log = options.log.child({ plugin: reference.plugin });
  return whenAvailable(NAMES[kind], () => startPlugin(kind, reference, options), { log, signal, onWait, isAway });
}

/** Names for anybody to see, without addresses. */
const NAMES: { readonly [Kind in PluginKind]: string } = {
  auth: "an auth plugin",
  dao: "the DAO plugin",
  blobs: "the blob plugin",
};

/** Whether a start failed because something is unavailable for now. */
function isAway(error: unknown): boolean {
  if (!(error instanceof PluginError)) return false;
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) {
    if (isStoreUnavailable(cause)) return PASSING.has(cause.state);
    if (cause instanceof StartTimeout) return true;
    if (cause instanceof RemoteCallError && cause.storeState !== undefined) return PASSING.has(cause.storeState);
    if ("code" in cause && UNREACHABLE_CODES.has(cause.code)) return true;
  }
  return false;
}
