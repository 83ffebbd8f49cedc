/**
 * The suites that a plugin must pass, for any plugin of the kind, also one in a repository of its own: `hearth/conformance`.
 * They run under vitest. Imports `plugins/contract` and `proto`.
 */
export { type AuthBackEnd, credentialsWith, describeAuth } from "./auth_suite.ts";
export { type BlobBackEnd, describeBlobs } from "./blobs_suite.ts";
export { type DaoBackEnd, describeDao } from "./dao_suite.ts";
