/**
 * Serves a plugin that is written against `plugins/contract` to gateways in other processes, by `proto/hearth/plugin/v1`.
 * `main.ts` is the program. Imports `plugins/contract`, `plugins/command-line` and `proto`.
 */
export { type PluginServer, type ServeOptions, startPluginServer } from "./server.ts";
