import type { z } from "zod";
import type { Auth } from "./auth.ts";
import type { BlobStore } from "./blobs.ts";
import type { Dao } from "./dao.ts";

/** Version of this contract. A host loads only plugins of the same version. */
export const CONTRACT_VERSION = 1;

/** The interface of a started plugin by kind. */
export interface PluginKinds {
  auth: Auth;
  dao: Dao;
  blobs: BlobStore;
}

export type PluginKind = keyof PluginKinds;

/** A log for operators. Lines carry the plugin's name. */
export interface PluginLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What the host passes to a plugin at its start. */
export interface PluginStart<Config> {
  /** The plugin's section of the configuration, validated by its schema. */
  readonly config: Config;
  readonly log: PluginLog;
  /** Aborted when the host abandons the start. */
  readonly signal: AbortSignal;
}

/** An inert description: importing a plugin starts nothing. */
export interface Plugin<Kind extends PluginKind = PluginKind, Config = unknown> {
  readonly kind: Kind;
  /** Name in messages about the plugin. */
  readonly name: string;
  /** The CONTRACT_VERSION that it was written for. */
  readonly contract: number;
  /** Schema of its configuration. Strict: an unknown key is an error. */
  readonly config: z.ZodType<Config>;
  /**
   * Resolves when the plugin is ready; the host owns it from then on and disposes it once. Rejects after releasing everything it has
   * acquired; with a StoreUnavailable that is away, busy or read-only when the host should retry.
   */
  start(start: PluginStart<Config>): Promise<PluginKinds[Kind]>;
}

/** Types a plugin's description; the result is the default export of a plugin module. */
export function definePlugin<Kind extends PluginKind, Config>(
  plugin: Omit<Plugin<Kind, Config>, "contract">,
): Plugin<Kind, Config> {
  return { ...plugin, contract: CONTRACT_VERSION };
}
