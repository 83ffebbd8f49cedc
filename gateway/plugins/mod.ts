/**
 * The plugin host: loads a configured plugin, or connects to it, checks it, and starts it. Depends on the contract only, not on any plugin.
 * Imports `plugins/contract` and `cluster`.
 */
export { startPluginWhenAvailable } from "./available.ts";
export { checkPlugin, type LoadOptions, type PluginReference, type StartOptions, startPlugin } from "./host.ts";
export { PluginError, type PluginStep } from "./plugin_error.ts";
export { remoteSettings } from "./remote/mod.ts";
