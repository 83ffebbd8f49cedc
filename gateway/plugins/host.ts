import type { Logger } from "pino";
import { explainIssues, PARSE_OPTIONS } from "../../cluster/mod.ts";
import type { Plugin, PluginKind, PluginKinds, PluginLog, PluginStart } from "../../plugins/contract/mod.ts";
import { contractFault, isOfKind, isPlugin, NO_OUTBOX } from "./describe.ts";
import { loadModule } from "./load_module.ts";
import { PluginError } from "./plugin_error.ts";
import { isRemote, parseReach, startRemotePlugin } from "./remote/mod.ts";
import { type StartDeadline, startDeadline } from "./start_timeout.ts";
import { translateBlobs, translateDao } from "./translate_unavailable.ts";

/** Default timeout of a start, in milliseconds: enough for a database that migrates or starts up. */
const START_TIMEOUT_MS = 60_000;

/** The part of Node's message that names our own module, which does not help an operator. */
const IMPORTER = / imported from \S+\/load_module\.ts$/;

/** A plugin as configured. */
export interface PluginReference {
  /** A package, the path of a module, or the address of a remote plugin. */
  readonly plugin: string;
  /** The plugin's own section of the configuration. */
  readonly config: unknown;
}

export interface LoadOptions {
  /** Aborts the start; it has no effect on a started plugin. */
  readonly signal: AbortSignal;
  /** Base directory of relative paths. */
  readonly baseDir: string;
  /** Timeout for loading and starting together, in milliseconds. */
  readonly timeoutMs?: number | undefined;
}

export interface StartOptions extends LoadOptions {
  readonly log: Logger;
}

/**
 * Loads, checks and starts a plugin. The caller owns the result. Rejects with a PluginError. Disposes a plugin whose start completes after
 * the timeout.
 */
export async function startPlugin<Kind extends PluginKind>(
  kind: Kind,
  reference: PluginReference,
  { log, signal, baseDir, timeoutMs = START_TIMEOUT_MS }: StartOptions,
): Promise<PluginKinds[Kind]> {
  using deadline = startDeadline({ timeoutMs, signal });
  if (isRemote(reference.plugin)) {
    const createLog = (name: string) => createPluginLog(log.child({ plugin: name }));
    return await startRemotePlugin(kind, { ...reference, createLog, signal: deadline.ended });
  }

  const { plugin, config } = await loadPlugin(kind, reference, { deadline, baseDir });
  const pluginLog = createPluginLog(log.child({ plugin: plugin.name }));
  const starting = callStart(plugin, { config, log: pluginLog, signal: deadline.ended });
  const started = await deadline.await(starting).catch((cause) => {
    void disposeLate(starting, pluginLog);
    throw new PluginError(reference.plugin, "start", { fault: messageOf(cause), cause });
  });
  if (!isDisposable(started)) {
    throw new PluginError(reference.plugin, "start", { fault: "the started plugin is not disposable" });
  }
  if (kind !== "dao" || "outbox" in started) return TRANSLATE[kind](plugin.name, started);
  await using _refused = started;
  throw new PluginError(reference.plugin, "check", { fault: NO_OUTBOX });
}

/** Wraps stores for the gateway: if a store is unavailable, its methods reject with the API error for callers. */
const TRANSLATE: { readonly [Kind in PluginKind]: (name: string, started: PluginKinds[Kind]) => PluginKinds[Kind] } = {
  auth: (_name, auth) => auth,
  blobs: translateBlobs,
  dao: translateDao,
};

/** Does the checks of `startPlugin` without starting or connecting to anything. Rejects with a PluginError. */
export async function checkPlugin(
  kind: PluginKind,
  reference: PluginReference,
  { signal, baseDir, timeoutMs = START_TIMEOUT_MS }: LoadOptions,
): Promise<void> {
  using deadline = startDeadline({ timeoutMs, signal });
  await (isRemote(reference.plugin) ? parseReach(reference) : loadPlugin(kind, reference, { deadline, baseDir }));
}

/** Loads an in-process plugin and validates its configuration. */
async function loadPlugin<Kind extends PluginKind>(
  kind: Kind,
  { plugin: reference, config }: PluginReference,
  { deadline, baseDir }: { readonly deadline: StartDeadline; readonly baseDir: string },
): Promise<{ readonly plugin: Plugin<Kind>; readonly config: unknown }> {
  const exported = await deadline.await(loadModule(reference, baseDir)).catch((cause) => {
    throw new PluginError(reference, "load", { fault: messageOf(cause).replace(IMPORTER, ""), cause });
  });
  const plugin = checkDescription(kind, exported, reference);
  const checked = await plugin.config.safeParseAsync(config, PARSE_OPTIONS);
  if (checked.success) return { plugin, config: checked.data };
  const faults = explainIssues(checked.error.issues, { hidesTexts: true });
  throw new PluginError(reference, "configure", { faults, cause: checked.error });
}

function checkDescription<Kind extends PluginKind>(kind: Kind, exported: unknown, reference: string): Plugin<Kind> {
  if (!isPlugin(exported)) return fail("its default export is not a plugin; create it with definePlugin()");
  const fault = contractFault(exported);
  if (fault) return fail(fault);
  if (!isOfKind(exported, kind)) return fail(`it is of kind "${exported.kind}", not "${kind}"`);
  return exported;

  function fail(fault: string): never {
    throw new PluginError(reference, "check", { fault });
  }
}

/** Calls start(); returns a rejected promise if it throws. */
async function callStart<Kind extends PluginKind>(
  plugin: Plugin<Kind>,
  start: PluginStart<unknown>,
): Promise<PluginKinds[Kind]> {
  return plugin.start(start);
}

/** Disposes the result of an abandoned start. */
async function disposeLate(starting: Promise<unknown>, log: PluginLog): Promise<void> {
  const [late] = await Promise.allSettled([starting]);
  if (late.status === "rejected" || !isDisposable(late.value)) return;
  log.warn("disposing a plugin that started after the timeout");
  const [disposed] = await Promise.allSettled([late.value[Symbol.asyncDispose]()]);
  if (disposed.status === "rejected") log.warn("plugin disposal failed", { err: disposed.reason });
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
