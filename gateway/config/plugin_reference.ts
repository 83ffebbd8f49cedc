import { resolve } from "node:path";
import { z } from "zod";

/** Prefix of the names of built-in plugins. */
const BUILT_IN = /^hearth:(?=[a-z0-9-]+$)/;

/** Folder of the built-in plugins. */
export const PLUGINS = resolve(import.meta.dirname, "../../plugins");

/** A plugin with its own section of the configuration. */
export const pluginReference = z.strictObject({
  plugin: z
    .string()
    .min(1)
    .describe(
      "`hearth:NAME` for one that comes with Hearth, the name of a package, a path relative to the configuration file, or `grpc://HOST:PORT`, `grpcs://NAME:PORT` or `unix:/PATH` for one out of process",
    ),
  config: z.unknown().optional().describe("The plugin's own; default `{}`"),
});

/** A plugin as the plugin host expects it: a built-in one by its path, like any other. */
export interface PluginReference {
  readonly plugin: string;
  readonly config: unknown;
}

/** The location of a plugin. */
export function locate({ plugin, config = {} }: z.output<typeof pluginReference>): PluginReference {
  return isBuiltIn(plugin) ? builtIn(shortName(plugin), config) : { plugin, config };
}

/** Whether a reference names a built-in plugin. */
export function isBuiltIn(plugin: string): boolean {
  return BUILT_IN.test(plugin);
}

/** A built-in plugin. */
export function builtIn(name: string, config: unknown): PluginReference {
  return { plugin: resolve(PLUGINS, name, "mod.ts"), config };
}

/** Name of a plugin in the log. */
export function shortName(plugin: string): string {
  return plugin.replace(BUILT_IN, "");
}
