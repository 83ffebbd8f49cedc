import type { Logger } from "pino";
import { z } from "zod";
import type { Plugin, PluginKind, PluginKinds, PluginLog, PluginStart } from "../../plugins/contract/mod.ts";
import { contractFault, isOfKind, isPlugin } from "./describe.ts";
import { PluginError, type PluginStep } from "./error.ts";
import { loadModule } from "./load.ts";
import { startPatience } from "./patience.ts";
import { isRemote, startRemotePlugin } from "./remote/mod.ts";

/** Long enough for a database that is being migrated or is coming up itself. */
const START_TIMEOUT_MS = 60_000;

/** A plugin as the configuration names it. */
export interface PluginReference {
  /** A package, the path of a module, or the address of a plugin out of process. */
  readonly plugin: string;
  /** The plugin's own part of the configuration. */
  readonly config: unknown;
}

export interface StartOptions {
  readonly log: Logger;
  /** Aborting it gives up on the start; once started, the plugin does not hear of it any more. */
  readonly signal: AbortSignal;
  /** Directory that paths are relative to. */
  readonly baseDir: string;
  /** The longest that loading and starting may take together. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Loads, checks and starts a plugin. The caller owns what it resolves to. Rejects with a PluginError. What comes of a plugin
 * that starts after the host gave up is disposed.
 */
export async function startPlugin<Kind extends PluginKind>(
  kind: Kind,
  { plugin: reference, config }: PluginReference,
  { log, signal, baseDir, timeoutMs = START_TIMEOUT_MS }: StartOptions,
): Promise<PluginKinds[Kind]> {
  using patience = startPatience({ timeoutMs, signal });
  if (isRemote(reference)) {
    const createLog = (name: string) => createPluginLog(log.child({ plugin: name }));
    return await startRemotePlugin(kind, { plugin: reference, config, createLog, signal: patience.ended });
  }

  const exported = await patience
    .await(loadModule(reference, baseDir))
    .catch((cause) => fail("load", { fault: messageOf(cause), cause }));
  const plugin = checkDescription(exported);
  const checked = await plugin.config.safeParseAsync(config);
  if (!checked.success)
    return fail("configure", { fault: `\n${z.prettifyError(checked.error)}`, cause: checked.error });

  const pluginLog = createPluginLog(log.child({ plugin: plugin.name }));
  const starting = callStart(plugin, { config: checked.data, log: pluginLog, signal: patience.ended });
  const started = await patience.await(starting).catch((cause) => {
    void disposeLate(starting, pluginLog);
    return fail("start", { fault: messageOf(cause), cause });
  });
  if (!isDisposable(started)) return fail("start", { fault: "what it started cannot be disposed" });
  return started;

  function checkDescription(exported: unknown): Plugin<Kind> {
    if (!isPlugin(exported))
      return fail("check", { fault: "its default export is no plugin; make it with definePlugin()" });
    const fault = contractFault(exported);
    if (fault) return fail("check", { fault });
    if (!isOfKind(exported, kind)) return fail("check", { fault: `it is of kind "${exported.kind}", not "${kind}"` });
    return exported;
  }

  function fail(step: PluginStep, details: { fault: string; cause?: unknown }): never {
    throw new PluginError(reference, step, details);
  }
}

/** Also a start that throws at once gives a promise. */
async function callStart<Kind extends PluginKind>(
  plugin: Plugin<Kind>,
  start: PluginStart<unknown>,
): Promise<PluginKinds[Kind]> {
  return plugin.start(start);
}

/** Waits for a start that nobody waits for any more. */
async function disposeLate(starting: Promise<unknown>, log: PluginLog): Promise<void> {
  const [late] = await Promise.allSettled([starting]);
  if (late.status === "rejected" || !isDisposable(late.value)) return;
  log.warn("disposing a plugin that started too late");
  const [disposed] = await Promise.allSettled([late.value[Symbol.asyncDispose]()]);
  if (disposed.status === "rejected") log.warn("disposing the plugin failed", { err: disposed.reason });
}

function createPluginLog(log: Logger): PluginLog {
  return {
    info: (message, fields) => log.info({ ...fields }, message),
    warn: (message, fields) => log.warn({ ...fields }, message),
  };
}

function isDisposable(value: unknown): value is AsyncDisposable {
  return typeof value === "object" && value !== null && Symbol.asyncDispose in value;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
