import type { z } from "zod";
import type { Auth } from "./auth.ts";
import type { BlobStore } from "./blobs.ts";
import type { Dao } from "./dao.ts";

/** Version of this contract. A host loads a plugin only when both name the same. */
export const CONTRACT_VERSION = 1;

/** What a started plugin of each kind is. */
export interface PluginKinds {
  auth: Auth;
  dao: Dao;
  blobs: BlobStore;
}

export type PluginKind = keyof PluginKinds;

/** Where a plugin writes what an operator should know. Lines carry the plugin's name. */
export interface PluginLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What the host hands to a plugin that it starts. */
export interface PluginStart<Config> {
  /** The plugin's part of the configuration, checked against its schema. */
  readonly config: Config;
  readonly log: PluginLog;
  /** Aborted when the host gives up on the start. */
  readonly signal: AbortSignal;
}

/** An inert description: importing a plugin starts nothing. */
export interface Plugin<Kind extends PluginKind = PluginKind, Config = unknown> {
  readonly kind: Kind;
  /** Shown in messages about the plugin. */
  readonly name: string;
  /** The CONTRACT_VERSION that it was written for. */
  readonly contract: number;
  /** Strict: an unknown key is a fault. */
  readonly config: z.ZodType<Config>;
  /**
   * Resolves when the plugin is ready for use; the host owns it from then on and disposes it once.
   * Rejects after releasing whatever it had acquired; with a StoreUnavailable that is away, busy or read-only when waiting may help:
   * the host starts it again.
   */
  start(start: PluginStart<Config>): Promise<PluginKinds[Kind]>;
}

/** Types a plugin's description; a plugin module's default export is what this returns. */
export function definePlugin<Kind extends PluginKind, Config>(
  plugin: Omit<Plugin<Kind, Config>, "contract">,
): Plugin<Kind, Config> {
  return { ...plugin, contract: CONTRACT_VERSION };
}
