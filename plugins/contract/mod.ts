/**
 * All that a plugin author imports: what a plugin is, and what each kind of plugin promises.
 * Imports `proto` only.
 */
export type { BlobStore, Digest, StoredBlob } from "./blobs.ts";
export type {
  BinarySelector,
  BinaryStore,
  ContextFilter,
  ContextStore,
  Dao,
  FileStore,
  JobFilter,
  JobPage,
  JobStore,
} from "./dao.ts";
export {
  CONTRACT_VERSION,
  definePlugin,
  type Plugin,
  type PluginKind,
  type PluginKinds,
  type PluginLog,
  type PluginStart,
} from "./plugin.ts";
