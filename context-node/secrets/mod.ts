/**
 * Secrets: replaces `secret:NAME` in the config of a job, or in a context's `env`, by the content of a file of this node, and redacts it
 * from everything that jobs report. A decorator between contexts and their runtime.
 */
export { createSecretFolder } from "./folder.ts";
export { type SecretPolicy, tellRefusedEnv } from "./secret_grants.ts";
export { withSecrets } from "./secret_runtime.ts";
