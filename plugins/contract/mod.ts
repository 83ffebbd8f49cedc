/** Everything that a plugin author imports: the description of a plugin, and the contract of each kind. */
export type {
  Auth,
  AuthAnswer,
  ClientCertificate,
  CredentialKind,
  Credentials,
  Principal,
} from "./auth.ts";
export type { BlobStore, Digest, StoredBlob } from "./blobs.ts";
export type {
  AuditStore,
  BinarySelector,
  BinaryStore,
  ContextFilter,
  ContextStore,
  Dao,
  DaoCapabilities,
  FileStore,
  JobFilter,
  JobPage,
  JobStore,
  JobWriteOptions,
  OutboxEvent,
  OutboxStore,
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
export {
  createRecordReader,
  isUnreadableRecord,
  type RecordReader,
  readLogLine,
  readRecord,
  UnreadableRecord,
} from "./records.ts";
export {
  isStoreState,
  isStoreUnavailable,
  type StoreState,
  StoreUnavailable,
  translateErrors,
} from "./store_unavailable.ts";
