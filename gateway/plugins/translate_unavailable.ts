import { type BlobStore, type Dao, isStoreUnavailable, translateErrors } from "../../plugins/contract/mod.ts";
import { blobsUnavailable, storageUnavailable } from "../../proto/errors.ts";

/** Wraps a DAO: its methods reject with Unavailable while its back end is unavailable. */
export function translateDao(name: string, dao: Dao): Dao {
  const translate = (error: unknown): unknown =>
    isStoreUnavailable(error) ? storageUnavailable(name, error, error.state) : error;
  return {
    capabilities: dao.capabilities,
    jobs: translateErrors(dao.jobs, translate),
    contexts: translateErrors(dao.contexts, translate),
    binaries: translateErrors(dao.binaries, translate),
    files: translateErrors(dao.files, translate),
    audit: translateErrors(dao.audit, translate),
    outbox: translateErrors(dao.outbox, translate),
    checkHealth: (options) => dao.checkHealth(options),
    [Symbol.asyncDispose]: () => dao[Symbol.asyncDispose](),
  };
}

/** Wraps a blob store: its methods reject with Unavailable while its back end is unavailable. */
export function translateBlobs(name: string, blobs: BlobStore): BlobStore {
  return translateErrors(blobs, (error) =>
    isStoreUnavailable(error) ? blobsUnavailable(name, error, error.state) : error,
  );
}
