/**
 * The plugin host: loads a plugin that the configuration names, or connects to it, checks it, and starts it. Knows the contract and no plugin.
 * Imports `plugins/contract`.
 */
export { PluginError, type PluginStep } from "./error.ts";
export { type PluginReference, type StartOptions, startPlugin } from "./host.ts";
