import { isDeepStrictEqual } from "node:util";
import { status } from "@grpc/grpc-js";
import type { Plugin, PluginKind, PluginKinds, PluginLog } from "../contract/mod.ts";
import { CallRefused } from "./refused.ts";

/** One plugin, started by the first handshake with its configuration. */
export interface HostedPlugin<Kind extends PluginKind> extends AsyncDisposable {
  readonly plugin: Pick<Plugin<Kind>, "kind" | "name" | "contract">;
  /** Starts the plugin unless it runs with this configuration. Resolves to it, or to what is wrong with the configuration. */
  prepare(config: unknown): Promise<{ readonly faults: readonly string[] } | { readonly started: PluginKinds[Kind] }>;
  /** The plugin that was started. Throws a CallRefused when none was. */
  require(): PluginKinds[Kind];
}

export function hostPlugin<Kind extends PluginKind, Config>(
  plugin: Plugin<Kind, Config>,
  log: PluginLog,
): HostedPlugin<Kind> {
  const stopping = new AbortController();
  let running: { readonly config: unknown; readonly starting: Promise<PluginKinds[Kind]> } | undefined;
  let ready: PluginKinds[Kind] | undefined;

  /** Forgets a start that failed, so that the next handshake tries again. What starts too late is disposed. */
  async function start(config: Config): Promise<PluginKinds[Kind]> {
    try {
      const started = await plugin.start({ config, log, signal: stopping.signal });
      if (stopping.signal.aborted) await started[Symbol.asyncDispose]();
      stopping.signal.throwIfAborted();
      ready = started;
      return started;
    } catch (error) {
      running = undefined;
      throw error;
    }
  }

  return {
    plugin,
    async prepare(config) {
      const checked = await plugin.config.safeParseAsync(config);
      if (!checked.success) {
        return {
          faults: checked.error.issues.map(({ path, message }) => [path.join("."), message].filter(Boolean).join(": ")),
        };
      }
      if (running !== undefined && !isDeepStrictEqual(running.config, checked.data)) {
        return { faults: ["it runs already, with another configuration"] };
      }
      running ??= { config: checked.data, starting: start(checked.data) };
      return { started: await running.starting };
    },
    require() {
      if (ready !== undefined) return ready;
      throw new CallRefused("no handshake has succeeded yet", status.FAILED_PRECONDITION);
    },
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error("the server of the plugin stops"));
      await ready?.[Symbol.asyncDispose]();
    },
  };
}
