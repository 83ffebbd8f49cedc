import { resolve } from "node:path";
import { z } from "zod";

/** Before the name of a plugin that comes with Hearth. */
const BUILT_IN = /^hearth:(?=[a-z0-9-]+$)/;

/** Folder of the plugins that come with Hearth. */
export const PLUGINS = resolve(import.meta.dirname, "../../plugins");

/** A plugin with its own part of the configuration. */
export const pluginReference = z.strictObject({
  plugin: z
    .string()
    .min(1)
    .describe(
      "`hearth:NAME` for one that comes with Hearth, the name of a package, a path relative to the configuration file, or `grpc://HOST:PORT`, `grpcs://NAME:PORT` or `unix:/PATH` for one out of process",
    ),
  config: z.unknown().optional().describe("The plugin's own; default `{}`"),
});

/** A plugin as the plugin host takes it: one that comes with Hearth by its path, like any other. */
export interface PluginReference {
  readonly plugin: string;
  readonly config: unknown;
}

/** Where a plugin of the configuration is. */
export function locate({ plugin, config = {} }: z.output<typeof pluginReference>): PluginReference {
  return isBuiltIn(plugin) ? builtIn(shortName(plugin), config) : { plugin, config };
}

/** Whether a plugin is named as one that comes with Hearth. */
export function isBuiltIn(plugin: string): boolean {
  return BUILT_IN.test(plugin);
}

/** A plugin that comes with Hearth. */
export function builtIn(name: string, config: unknown): PluginReference {
  return { plugin: resolve(PLUGINS, name, "mod.ts"), config };
}

/** What the log calls a plugin. */
export function shortName(plugin: string): string {
  return plugin.replace(BUILT_IN, "");
}
