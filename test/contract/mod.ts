/**
 * The suites that a plugin must pass, for any plugin of the kind, including third-party ones: `hearth/conformance`. They run under vitest.
 */
export { type AuthBackEnd, credentialsWith, describeAuth } from "./auth_suite.ts";
export { type BlobBackEnd, describeBlobs } from "./blobs_suite.ts";
export { type DaoBackEnd, describeDao } from "./dao_suite.ts";
