import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Imports a module and returns its default export: a path (`./`, `../` or absolute) is relative to the directory, anything else is a
 * package that is installed beside Hearth.
 */
export async function loadModule(plugin: string, baseDir: string): Promise<unknown> {
  const isPath = /^\.{0,2}\//.test(plugin);
  const specifier = isPath ? pathToFileURL(resolve(baseDir, plugin)).href : plugin;
  const module: { default?: unknown } = await import(specifier);
  return module.default;
}
